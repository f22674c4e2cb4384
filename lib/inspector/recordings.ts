import type { InvocationObserver, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";
import { RecordingWatch } from "../record/recording-watch.js";
import type { Recording } from "../record/recording.js";

/** Characters of a recording, about. */
const maxSize = 64 * 1024;
/** Recordings that are begun in a second: each costs more than all else that is kept of an invocation. */
const mostInSecond = 100;

/** Why there is no recording of an invocation that has ended. */
export const notRecorded = `it was too large to be kept whole, or there were more than ${mostInSecond} in that second`;

/** Records invocations for the tests that are made of them, within bounds. */
export class Recordings implements InvocationObserver {
  #second = 0;
  #begun = 0;

  constructor(private readonly onRecording: (id: string, recording: Recording) => void) {}

  start(invocation: ObservedInvocation): InvocationWatch | undefined {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#begun = 0;
    }
    if (++this.#begun > mostInSecond || (invocation.incoming?.body.length ?? 0) > maxSize) return undefined;
    let isWhole = true;
    return new RecordingWatch(invocation, {
      maxSize,
      warn: () => (isWhole = false),
      onRecording: (made) =>
        void made.then(
          (recording) => {
            if (isWhole) this.onRecording(invocation.id, recording);
          },
          // Its body could not be read.
          () => undefined,
        ),
    });
  }
}
