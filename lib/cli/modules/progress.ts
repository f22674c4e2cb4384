/** Says what takes long: one changing line on a terminal, plain lines elsewhere. */
export interface Progress {
  step(text: string): void;
  done(): void;
}

/** Milliseconds after which a step is worth a word. */
const long = 1000;

/** Progress on stderr; what is over in a second is not mentioned. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const begun = performance.now();
  let shown = false;
  let said = begun;
  return {
    step(text) {
      const now = performance.now();
      if (stream.isTTY && now - begun > long) {
        stream.write(`\r\u001b[K${text}`);
        shown = true;
      } else if (!stream.isTTY && now - said > long) {
        stream.write(`${text}\n`);
        said = now;
      }
    },
    done() {
      if (shown) stream.write("\r\u001b[K");
      shown = false;
    },
  };
}
