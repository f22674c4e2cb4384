import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { InvocationObserver } from "../invocation/observer.js";
import type { ClientBinding } from "../model/bindings.js";
import { DefinitionError, InvocationError, SidecarError, isDaprFunctionsError } from "../model/errors.js";
import type { InvocationContext } from "../model/invocation.js";
import type { Class } from "../model/payload-type.js";
import { readFunctions } from "../metadata/functions.js";
import { RecordingWatch } from "../record/recording-watch.js";
import {
  fromRecorded,
  notRunnable,
  type RecordedError,
  type RecordedItem,
  type RecordedRequest,
  type Recording,
} from "../record/recording.js";
import { stateEntry, type StateEntryInit } from "./fake-entry.js";
import { httpRequest, type HttpRequestInit } from "./fixtures.js";
import { invokeWatched, refuseUndeclared } from "./invoke.js";

/** What a recorded invocation did when it ran again. */
export interface Replayed {
  /** What was recorded. */
  readonly recording: Recording;
  /** What the method returned; `undefined` where it failed. */
  readonly reply: unknown;
  /** What it failed with. */
  readonly error: unknown;
  /** Where it differs from what was recorded, a line each: `outputs.order[0].total: 3 became 4`. */
  readonly differences: readonly string[];
}

/** What {@link replay} takes beside the recording and the classes. */
export interface ReplayOptions {
  /** What inputs, state entries and clients give in place of what was recorded, by name: `{ vault: { key: "…" } }`. */
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Runs a recorded invocation again on fakes: the same payload, request, inputs and answers of other apps; nothing is sent.
 * The members of a secret are `***` unless `inputs` gives others. An invocation that failed before its function ran, since its
 * body or an input could not be read, or there was no time or no room, is not run, and nothing differs; one whose
 * outputs could not be sent is run as if they had been.
 *
 * @param file what `record` wrote: a path, or the recording itself
 * @param functions the class of the function, or an instance of it
 * @throws DefinitionError `function-missing` when no class given has the function, `option-unknown` when it has no input
 *   of a name given
 * @example
 * const { differences } = await replay("recordings/2026-01-02-CreateNewOrder.json", [Orders]);
 * expect(differences).toEqual([]);
 */
export async function replay(
  file: string | Recording,
  functions: readonly (Class | object)[],
  options: ReplayOptions = {},
): Promise<Replayed> {
  const recording = typeof file === "string" ? (JSON.parse(readFileSync(file, "utf8")) as Recording) : file;
  const { instance, definition } = find(recording, functions);
  const standIns = options.inputs ?? {};
  refuseUndeclared(definition, standIns);
  const obstacle = notRunnable(recording);
  if (obstacle !== undefined) {
    const differences = recording.failure?.isOutside === true ? [] : [`payload: ${obstacle}, so that nothing was run`];
    return { recording, reply: undefined, error: undefined, differences };
  }
  const inputs: Record<string, unknown> = {};
  for (const { name } of definition.inputs) inputs[name] = fromRecorded(recording.inputs[name]);
  for (const { name } of definition.entries) inputs[name] = stateEntry(entryOf(recording.inputs[name]));
  for (const client of definition.clients) inputs[client.name] = answering(client, recording);
  Object.assign(inputs, standIns);
  let again: Promise<Recording> | undefined;
  const observer: InvocationObserver = {
    start: (invocation) =>
      // What cannot be recorded now could not be recorded then, and was said.
      new RecordingWatch(invocation, { warn: () => undefined, onRecording: (recording) => void (again = recording) }),
  };
  let reply: unknown;
  let error: unknown;
  try {
    ({ reply } = await invokeWatched(
      instance,
      definition.methodName,
      payloadOf(recording),
      { inputs: inputs as never, context: contextOf(recording) },
      observer,
    ));
  } catch (thrown) {
    error = thrown;
  }
  return { recording, reply, error, differences: differencesOf(recording, (await again) ?? unbegun(recording, error)) };
}

/** What is recorded of an invocation that was refused before it began: its expressions find nothing. */
function unbegun(recording: Recording, error: unknown): Recording {
  return {
    ...recording,
    failure: { errorCode: isDaprFunctionsError(error) ? error.code : "ERR_FUNCTION_FAILED" },
  };
}

/** As files have them: members that are `undefined` are gone. */
function asWritten(recording: Recording): Recording {
  return JSON.parse(JSON.stringify(recording)) as Recording;
}

function differencesOf(then: Recording, now: Recording): string[] {
  const [before, after] = [asWritten(then), asWritten(now)];
  // What failed outside of the function cannot fail here: until then it is as one that did not fail.
  const failed = before.failure?.isOutside === true ? undefined : before.failure?.errorCode;
  const fails = after.failure?.errorCode;
  if (failed !== fails) return [`failure: ${failed ?? "none"} became ${fails ?? "none"}`];
  if (failed !== undefined) return [];
  const differences: string[] = [];
  compare("reply", before.reply, after.reply, differences);
  for (const name of new Set([...Object.keys(before.outputs), ...Object.keys(after.outputs)]))
    compareItems(`outputs.${name}`, before.outputs[name] ?? [], after.outputs[name] ?? [], differences);
  // Where the sending failed nothing may have been written.
  if (before.failure === undefined) compare("entries", before.entries ?? {}, after.entries ?? {}, differences);
  return differences;
}

/** What was added is told by its place in the list: `outputs.order[0].total`. */
function compareItems(
  path: string,
  before: readonly RecordedItem[],
  after: readonly RecordedItem[],
  differences: string[],
): void {
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    const at = `${path}[${index}]`;
    const [then, now] = [before[index], after[index]];
    if (then?.verb !== now?.verb) compare(at, shownItem(then), shownItem(now), differences);
    else {
      compare(at, then?.value, now?.value, differences);
      compare(`overrides of ${at}`, then?.overrides ?? {}, now?.overrides ?? {}, differences);
    }
  }
}

/** Beside one that is removed, or not there. */
function shownItem(item: RecordedItem | undefined): unknown {
  return item?.verb === "remove" ? { verb: "remove", ...item.overrides } : item?.value;
}

function entryOf(recorded: unknown): StateEntryInit<unknown> {
  const { value, etag, key } = fromRecorded(recorded ?? {}) as StateEntryInit<unknown>;
  return { value, etag, key };
}

function payloadOf({ trigger, payload }: Recording): unknown {
  if (trigger !== "httpTrigger") return fromRecorded(payload);
  const { method, url, query, params, body, standIns, headers } = payload as RecordedHttp;
  return httpRequest({ method, url, query, params, headers: { ...headers, ...standIns }, body: fromRecorded(body) });
}

/** The payload of an HTTP function, as it is recorded. */
type RecordedHttp = Omit<HttpRequestInit, "headers"> & Pick<RecordedRequest, "headers" | "standIns">;

function find(recording: Recording, functions: readonly (Class | object)[]) {
  for (const target of functions) {
    const definition = readFunctions([target]).find(({ name }) => name === recording.functionName);
    if (definition === undefined) continue;
    const instance = typeof target === "function" ? new (target as new () => object)() : target;
    return { instance, definition };
  }
  const message = `${recording.className}.${recording.methodName}: no class given has the function ${recording.functionName}; give its class`;
  throw new DefinitionError([
    { code: "function-missing", level: "error", class: recording.className, method: recording.methodName, message },
  ]);
}

/** A client whose methods answer what was recorded of each, one after another. */
function answering({ name, type }: ClientBinding, { calls }: Recording): object {
  const left = [...(calls[name] ?? [])];
  const next = (method: string) => async (): Promise<unknown> => {
    const index = left.findIndex((call) => call.method === method);
    if (index === -1) {
      const advice = `give one: { inputs: { ${name}: { ${method}: … } } }`;
      throw new Error(`${name}.${method}(): the recording has no more answers of it; ${advice}`);
    }
    const { answer, error } = left.splice(index, 1)[0]!;
    if (error !== undefined) throw errorOf(error);
    const value = fromRecorded(answer);
    // Of another app the whole answer was recorded, of which only `call` gives more than the value.
    return type === "daprSidecar" || method === "call" ? value : (value as { value?: unknown } | undefined)?.value;
  };
  const find = (method: string | symbol) =>
    typeof method === "string" && method !== "then" ? next(method) : undefined;
  return new Proxy(
    {},
    {
      get: (_, method) => find(method),
      getOwnPropertyDescriptor: (_, method) => {
        const value = find(method);
        return value && { value, configurable: true, enumerable: true, writable: true };
      },
    },
  );
}

function errorOf({ name, message, code, status, operation = "", headers, body }: RecordedError): Error {
  if (status !== undefined) {
    const bytes = fromRecorded(body) as Uint8Array | undefined;
    const errorCode = code ?? "ERR_UNKNOWN";
    return new SidecarError({ status, errorCode, message, operation, target: "the recording", headers, body: bytes });
  }
  return code === undefined ? Object.assign(new Error(message), { name }) : new InvocationError(code, message);
}

function contextOf({ invocationId, request, trigger, triggerMetadata, traceContext, payload }: Recording) {
  const { headers, standIns } = (trigger === "httpTrigger" ? (payload as RecordedHttp) : request) ?? {};
  return {
    invocationId,
    triggerMetadata: { ...headers, ...standIns, ...triggerMetadata },
    ...(traceContext !== undefined && { traceContext }),
    ...(request !== undefined && { request: contextRequest(request) }),
  } satisfies Partial<InvocationContext>;
}

function contextRequest({ query, headers, standIns, ...rest }: RecordedRequest): InvocationContext["request"] {
  return {
    ...rest,
    query: new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])),
    headers: new Headers({ ...headers, ...standIns }),
  };
}

function compare(path: string, before: unknown, after: unknown, differences: string[]): void {
  if (isDeepStrictEqual(before, after)) return;
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) {
      const step = Array.isArray(before) ? `${path}[${name}]` : `${path}.${name}`;
      compare(
        step,
        (before as Readonly<Record<string, unknown>>)[name],
        (after as Readonly<Record<string, unknown>>)[name],
        differences,
      );
    }
    return;
  }
  differences.push(`${path}: ${shown(before)} became ${shown(after)}`);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
