import type { TraceContext } from "../model/invocation.js";
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
  /** As `context.triggerMetadata`, of an event; else it is the headers of the request. */
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** As `context.traceContext`. */
  readonly traceContext?: TraceContext | undefined;
  /** What the inputs and state entries gave, by name, before it was checked. Of a secret there are the names of its members. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What clients answered, by name, in the order of the calls. */
  readonly calls: Readonly<Record<string, readonly RecordedCall[]>>;
  /** What was added to the collectors, by name. */
  readonly outputs: Readonly<Record<string, readonly RecordedItem[]>>;
  /** What was to become of state entries that were changed, by name. */
  readonly entries?: Readonly<Record<string, RecordedEntry>> | undefined;
  /** What the method returned; absent where it failed. */
  readonly reply?: unknown;
  /** Why the invocation failed; absent where it did not. */
  readonly failure?: RecordedFailure | undefined;
}

/** Why an invocation failed. */
export interface RecordedFailure {
  /** The code of the error. */
  readonly errorCode: string;
  /** What callers were told; absent for HTTP functions. */
  readonly message?: string | undefined;
  /**
   * True where it was not the function that failed: its body or an input could not be read, an output could not be sent,
   * or there was no time or no room for it. A replay, which reads and sends nothing, cannot fail like that.
   */
  readonly isOutside?: true | undefined;
}

/** One call of a client, and what came of it: neither `answer` nor `error` where that came after the invocation. */
export interface RecordedCall {
  /** Of the client: `charge`, `call`, `getSecret`. */
  readonly method: string;
  /** What it resolved with: of another application `{ status, headers, value, bytes }`. */
  readonly answer?: unknown;
  /** What it rejected with. */
  readonly error?: RecordedError | undefined;
}

/** What a call rejected with: a `SidecarError` where there is a status. */
export interface RecordedError {
  /** Of its class: `SidecarError`. */
  readonly name: string;
  /** In words. */
  readonly message: string;
  /** Of an error that has one: `ERR_CALLEE_FAILED`. */
  readonly code?: string | undefined;
  /** Of the answer. */
  readonly status?: number | undefined;
  /** The request that failed. */
  readonly operation?: string | undefined;
  /** Headers of the answer, without those that look like credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Body of the answer. */
  readonly body?: unknown;
}

/** What was to become of a state entry. */
export interface RecordedEntry {
  /** Whether it was set or removed. */
  readonly verb: "set" | "remove";
  /** What it was set to. */
  readonly value?: unknown;
  /** Metadata of the write. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
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
  /** What a replay gives for headers that look like credentials: `{ authorization: "Bearer ***" }`. */
  readonly standIns?: Readonly<Record<string, string>> | undefined;
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
    [...Object.values(value["outputs"] as object), ...Object.values(value["calls"] as object)].every(
      (list) => Array.isArray(list) && list.every(isRecord),
    )
  );
}

/**
 * Why an invocation cannot be run again, as the end of a sentence about it; undefined where it can. What failed outside
 * of the function is run again where its method had returned.
 */
export function notRunnable({ payload, failure, reply }: Recording): string | undefined {
  if (failure?.isOutside === true && (payload === undefined || reply === undefined))
    return `it failed with ${failure.errorCode} before the function had run`;
  return payload === undefined ? "its payload was left out" : undefined;
}

export const bytesName = "$bytes";
export const undefinedName = "$undefined";
export const secretName = "$secret";
/** Around an object that has a member of one of these names itself. */
export const plainName = "$plain";
const markers = [bytesName, undefinedName, secretName, plainName];

/** How bytes are recorded. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): unknown {
  return { [bytesName]: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** How a secret is recorded: `{ "$secret": names of its members }`. */
export function toRecordedSecret(secret: unknown): unknown {
  return isRecord(secret) ? { [secretName]: Object.keys(secret) } : toRecorded(undefined);
}

/** The names of the members of a recorded secret; undefined for any other value. */
export function secretNamesOf(recorded: unknown): readonly string[] | undefined {
  const names = isRecord(recorded) && Object.keys(recorded).length === 1 ? recorded[secretName] : undefined;
  return Array.isArray(names) ? names.map(String) : undefined;
}

/**
 * What JSON keeps of a value, bytes and `undefined` included: they stand as `{ "$bytes": base64 }` and
 * `{ "$undefined": true }`. An object that looks like one of these stands as `{ "$plain": object }`.
 */
export function toRecorded(value: unknown): unknown {
  if (value === undefined) return { [undefinedName]: true };
  let inside: unknown;
  const text = JSON.stringify(value, function (this: unknown, name: string, given: unknown): unknown {
    // Before `toJSON` of a Buffer has made a list of numbers of it.
    const own = (this as Readonly<Record<string, unknown>>)[name];
    if (ArrayBuffer.isView(own)) return bytesOf(own);
    if (own instanceof ArrayBuffer) return bytesOf(new Uint8Array(own));
    if (!isRecord(given) || !markers.some((marker) => Object.hasOwn(given, marker))) return given;
    // What is returned is asked for its member next.
    inside = given === inside ? undefined : given;
    return inside === undefined ? given : { [plainName]: given };
  }) as string | undefined;
  return text === undefined ? { [undefinedName]: true } : (JSON.parse(text) as unknown);
}

/** Characters that a value takes as it is recorded, about; counting stops where it is more than the limit. */
export function recordedSize(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Math.ceil((value.byteLength * 4) / 3) + 13;
  let size = 2;
  for (const name in value) {
    if (size > limit) break;
    size += name.length + 3 + recordedSize((value as Readonly<Record<string, unknown>>)[name], limit - size);
  }
  return size;
}

/** The value that {@link toRecorded} was given, as far as JSON kept it; the members of a secret are `***`. */
export function fromRecorded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromRecorded);
  if (!isRecord(value)) return value;
  const members = Object.entries(value);
  if (members.length === 1) {
    const [name, content] = members[0]!;
    if (name === bytesName && typeof content === "string") return new Uint8Array(Buffer.from(content, "base64"));
    if (name === undefinedName) return undefined;
    if (name === secretName && Array.isArray(content)) return Object.fromEntries(content.map((key) => [key, "***"]));
    if (name === plainName && isRecord(content)) return membersFrom(Object.entries(content));
  }
  return membersFrom(members);
}

function membersFrom(members: readonly (readonly [string, unknown])[]): unknown {
  return Object.fromEntries(members.map(([name, member]) => [name, fromRecorded(member)]));
}
