import type { InvocationRecord, Preview } from "./page/wire.js";

const maxNodes = 2_000;
const maxText = 4 * 1024;
const maxPreview = 16 * 1024;

/** Costs no more than its bounds, whatever the size of the value. Never throws. */
export function previewOf(value: unknown): Preview {
  let nodes = 0;
  let isCut = false;
  const shorten = (text: string): string => {
    if (text.length <= maxText) return text;
    isCut = true;
    return `${text.slice(0, maxText)}…`;
  };
  try {
    if (value === undefined) return { text: "", isCut };
    if (value instanceof Uint8Array) return { text: `<${value.length} bytes>`, isCut: true };
    const text = JSON.stringify(value, (_, member: unknown) => {
      if (++nodes > maxNodes) {
        isCut = true;
        return undefined;
      }
      if (typeof member === "string") return shorten(member);
      return typeof member === "bigint" ? String(member) : member;
    });
    if (text === undefined) return { text: `<a ${typeof value}>`, isCut: true };
    if (text.length <= maxPreview) return { text, isCut };
    return { text: `${text.slice(0, maxPreview)}…`, isCut: true };
  } catch (error) {
    return { text: `<not JSON: ${error instanceof Error ? error.message : "it throws"}>`, isCut: true };
  }
}

/** Characters of a record, about: what it costs to keep. */
export function sizeOf({ payload, reads, items, requests, reply, log }: InvocationRecord): number {
  const values = [payload, reply, ...[...reads, ...items, ...requests].map(({ value }) => value)];
  const texts = [...values.map((value) => value?.text ?? ""), ...log];
  return texts.reduce((sum, text) => sum + text.length, 500);
}
