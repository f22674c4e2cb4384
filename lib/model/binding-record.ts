/** What a component answered to an operation. */
export interface BindingRecord<T = unknown> {
  /** JSON parsed, else text, or bytes where they are not text; `undefined` where there are none. */
  readonly data: T;
  /** What the component says beside the data: `{ statusCode: "200" }`. */
  readonly metadata: Readonly<Record<string, string>>;
}
