/** What the payload asks to be sent. */
export interface Large {
  readonly items: number;
  /** Of each item, about. */
  readonly bytes: number;
}

export function largeItem(index: number, bytes: number): { readonly n: number; readonly note: string } {
  return { n: index, note: "x".repeat(bytes) };
}

/** The sidecar's, unless it is told otherwise. */
export const maxRequest = 4 * 1024 * 1024;
