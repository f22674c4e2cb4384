// oxlint-disable-next-line no-control-regex -- they are what is looked for
const hidden = /\n(?! {4}(?:at|caused by:) )|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * Text of others as a log shows it. A tab stays, and so does a line feed before a line of a stack trace, or of what caused
 * it. All else that moves a terminal's cursor, or begins a line, is written out.
 */
export function visible(text: string): string {
  return text.replace(hidden, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
