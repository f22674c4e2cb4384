import { isRecord } from "../model/values.js";

/** One invocation, as `record` writes it to a file. */
export interface Recording {
  /** Version of the form of recordings. */
  readonly version: 1;
  /** Name of the function. */
  readonly functionName: string;
  /** Name of the class. */
  readonly className: string;
  /** Name of the method. */
  readonly methodName: string;
  /** The module that exports the class, relative to the folder in which it ran; where that is known. */
  readonly module?: string | undefined;
  /** Type of the trigger. */
  readonly trigger: string;
  /** As `context.invocationId`. */
  readonly invocationId: string;
  /** When it began, as ISO 8601. */
  readonly time: string;
  /** What triggered it, as it came: before it was checked. Absent where it could not be read. */
  readonly payload?: unknown;
  /** The caller's request of a service invocation; that of an HTTP function is its payload. */
  readonly request?: RecordedRequest | undefined;
  /** What the inputs and state entries gave, by name. Of a secret there are the names of its members. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What clients answered, by name, in the order of the calls. */
  readonly calls: Readonly<Record<string, readonly unknown[]>>;
  /** What was added to the collectors, by name. */
  readonly outputs: Readonly<Record<string, readonly RecordedItem[]>>;
  /** What was written of the state entries. */
  readonly changes?: unknown;
  /** What the method returned; absent where it failed. */
  readonly reply?: unknown;
  /** Why the invocation failed; absent where it did not. */
  readonly failure?: { readonly errorCode: string; readonly message?: string | undefined } | undefined;
}

/** A request as `context.request` has it, without headers that look like credentials. */
export interface RecordedRequest {
  /** In upper case. */
  readonly method: string;
  /** As the caller wrote it, without the query. */
  readonly path: string;
  /** Names and values of the query, in their order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** What the path has for the `{x}` of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** Headers by name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One item as a function added it, or one removal. */
export interface RecordedItem {
  /** Whether it was added, or its key was removed. */
  readonly verb: "add" | "remove";
  /** The value. */
  readonly value?: unknown;
  /** What it overrode of its output. */
  readonly overrides?: Readonly<Record<string, unknown>> | undefined;
  /** True for items of `addRequestBody`. */
  readonly fromRequestBody?: true | undefined;
}

/** Whether a value has the form of a recording, and names that code can be made of: a file may come from anywhere. */
export function isRecording(value: unknown): value is Recording {
  if (!isRecord(value) || value["version"] !== 1) return false;
  const { functionName, className, methodName, trigger, time, request } = value;
  const named = ["inputs", "calls", "outputs"].map((member) => value[member]);
  return (
    [functionName, className, methodName, trigger, time].every((one) => typeof one === "string") &&
    /^(?:[\p{ID_Start}$_][\p{ID_Continue}$]*)?$/u.test(className as string) &&
    (request === undefined || isRecord(request)) &&
    named.every((one) => isRecord(one) && Object.keys(one).every((name) => /^[a-z][a-z0-9]*$/i.test(name))) &&
    Object.values(value["outputs"] as object).every(Array.isArray)
  );
}

export const bytesName = "$bytes";
export const undefinedName = "$undefined";
export const secretName = "$secret";

/** How bytes are recorded. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): unknown {
  return { [bytesName]: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** How a secret is recorded: `{ "$secret": names of its members }`. */
export function toRecordedSecret(secret: unknown): unknown {
  return isRecord(secret) ? { [secretName]: Object.keys(secret) } : toRecorded(undefined);
}

/**
 * What JSON keeps of a value, bytes and `undefined` included: they stand as `{ "$bytes": base64 }` and
 * `{ "$undefined": true }`.
 */
export function toRecorded(value: unknown): unknown {
  if (value === undefined) return { [undefinedName]: true };
  const text = JSON.stringify(value, function (this: unknown, name: string, given: unknown): unknown {
    // Before `toJSON` of a Buffer has made a list of numbers of it.
    const own = (this as Readonly<Record<string, unknown>>)[name];
    if (ArrayBuffer.isView(own)) return bytesOf(own);
    if (own instanceof ArrayBuffer) return bytesOf(new Uint8Array(own));
    return given;
  }) as string | undefined;
  return text === undefined ? { [undefinedName]: true } : (JSON.parse(text) as unknown);
}

/** The value that {@link toRecorded} was given, as far as JSON kept it; the members of a secret are `***`. */
export function fromRecorded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromRecorded);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  if (members.length === 1) {
    const [name, content] = members[0]!;
    if (name === bytesName && typeof content === "string") return new Uint8Array(Buffer.from(content, "base64"));
    if (name === undefinedName) return undefined;
    if (name === secretName && Array.isArray(content)) return Object.fromEntries(content.map((key) => [key, "***"]));
  }
  return Object.fromEntries(members.map(([name, member]) => [name, fromRecorded(member)]));
}
