/**
 * JSON text that is sent as written. Carries what `JSON.parse` would change (`2.50`, integers of 20 digits) from where
 * it was read to where it is sent, and a value that was serialised once past any second `JSON.stringify`.
 */
export class JsonText {
  constructor(readonly text: string) {}

  /** The value that the text stands for, as a client that serialises by itself needs it. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

export function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
