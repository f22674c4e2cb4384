import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { ClientBinding } from "../model/bindings.js";
import { DefinitionError, isDaprFunctionsError } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import { readFunctions } from "../metadata/functions.js";
import { fromRecorded, toRecorded, type RecordedRequest, type Recording } from "../record/recording.js";
import { Secrets, toRecordedReply } from "../record/secrets.js";
import type { InvocationContext } from "../model/invocation.js";
import type { FakeCollector } from "./fake-collector.js";
import { stateEntry } from "./fake-entry.js";
import { httpRequest, type HttpRequestInit } from "./fixtures.js";
import { invoke, refuseUndeclared } from "./invoke.js";

/** What a recorded invocation did when it ran again. */
export interface Replayed {
  /** What was recorded. */
  readonly recording: Recording;
  /** What the method returned; `undefined` where it failed. */
  readonly reply: unknown;
  /** What it failed with. */
  readonly error: unknown;
  /** Where it differs from what was recorded, a line each: `outputs.order[0].value.total: 3 became 4`. */
  readonly differences: readonly string[];
}

/** What {@link replay} takes beside the recording and the classes. */
export interface ReplayOptions {
  /** What inputs, state entries and clients give in place of what was recorded, by name: `{ vault: { key: "…" } }`. */
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Runs a recorded invocation again on fakes: the same payload, request, inputs and answers of other apps; nothing is sent.
 * The members of a secret are `***` unless `inputs` gives others. A payload that could not be read was given to nobody, so
 * nothing runs and nothing differs.
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
  if (recording.payload === undefined) return { recording, reply: undefined, error: undefined, differences: [] };
  const inputs: Record<string, unknown> = {};
  for (const { name } of definition.inputs) inputs[name] = fromRecorded(recording.inputs[name]);
  for (const { name } of definition.entries)
    inputs[name] = stateEntry(fromRecorded(recording.inputs[name] ?? {}) as object);
  for (const client of definition.clients) inputs[client.name] = answering(client, recording);
  Object.assign(inputs, standIns);
  const secrets = new Secrets();
  for (const { name, type } of definition.inputs) if (type === "daprSecret") secrets.add(inputs[name]);
  const payload =
    recording.trigger === "httpTrigger" ? httpRequest(requestInit(recording.payload)) : fromRecorded(recording.payload);
  let reply: unknown;
  let error: unknown;
  let outputs: Readonly<Record<string, FakeCollector<unknown>>> = {};
  try {
    const run = invoke as unknown as (
      instance: object,
      method: string,
      payload: unknown,
      options: object,
    ) => Promise<{ reply: unknown; outputs: typeof outputs }>;
    ({ reply, outputs } = await run(instance, definition.methodName, payload, {
      inputs,
      context: contextOf(recording),
    }));
  } catch (thrown) {
    error = thrown;
  }
  const differences: string[] = [];
  const failed = recording.failure?.errorCode;
  const fails = error === undefined ? undefined : isDaprFunctionsError(error) ? error.code : "ERR_FUNCTION_FAILED";
  if (failed !== fails) differences.push(`failure: ${failed ?? "none"} became ${fails ?? "none"}`);
  if (failed === undefined && fails === undefined) {
    compare("reply", recording.reply, secrets.hide(toRecordedReply(reply, recording.trigger)), differences);
    for (const { name } of definition.outputs) {
      const items = (outputs[name]?.items ?? []).map((item) => secrets.hide(toRecorded(item.value)));
      compare(
        `outputs.${name}`,
        (recording.outputs[name] ?? []).map(({ value }) => value),
        items,
        differences,
      );
    }
  }
  return { recording, reply, error, differences };
}

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

/** A client whose methods answer what was recorded, one after another. */
function answering({ name, type }: ClientBinding, { calls }: Recording): object {
  const answers = [...(calls[name] ?? [])].map(fromRecorded);
  const next = (method: string) => async (): Promise<unknown> => {
    if (answers.length === 0) throw new Error(`${name}.${method}(): the recording has no more answers of ${name}`);
    const answer = answers.shift();
    // Of another app the whole answer was recorded, of which only `call` gives more than the value.
    return type === "daprSidecar" || method === "call" ? answer : (answer as { value?: unknown }).value;
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

function contextOf({ invocationId, request }: Recording): Partial<InvocationContext> {
  if (request === undefined) return { invocationId };
  return { invocationId, triggerMetadata: request.headers, request: contextRequest(request) };
}

function contextRequest({ query, headers, ...rest }: RecordedRequest): InvocationContext["request"] {
  return {
    ...rest,
    query: new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])),
    headers: new Headers(headers),
  };
}

function requestInit(payload: unknown): HttpRequestInit {
  return fromRecorded(payload) as HttpRequestInit;
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
