import { types } from "node:util";
import { DefinitionError, InvocationError, PayloadError, type Problem } from "../model/errors.js";
import { resolveSettings } from "../expressions/resolve-settings.js";
import { settingsFrom } from "../expressions/settings.js";
import { optionProblems, type OptionKind } from "../model/app-options.js";
import { systemData, type BindingData } from "../expressions/template.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { CloudEvent, HttpRequest, InvocationContext } from "../model/invocation.js";
import { lostTypesOf } from "../metadata/lost-types.js";
import { readFunctions, throwErrors } from "../metadata/functions.js";
import { numberProblem } from "../model/numbers.js";
import { listed } from "../model/values.js";
import { validationProblems } from "../payload/check.js";
import type { ValidationOptions } from "../payload/payload-type.js";
import { bindingDataOf } from "../invocation/binding-data.js";
import type { Invocation } from "../invocation/binding-host.js";
import { contextRequestOf } from "../invocation/requests.js";
import type { Around } from "../invocation/around.js";
import { compileFunction, type CompiledFunction } from "../invocation/compile-function.js";
import type { InvocationObserver } from "../invocation/observer.js";
import { runFunction } from "../invocation/run-function.js";
import { readEvent } from "../invocation/topic-events.js";
import { closedCollector, type FakeCollector } from "./fake-collector.js";
import { storedOf, type EntryResult } from "./fake-entry.js";
import { FakeHost } from "./fake-host.js";
import { invocationContext } from "./fixtures.js";
import { jsonCopy } from "./json-copy.js";
import type { EntriesOf, InputsOf, MethodName, OutputsOf, PayloadOf, ReplyOf } from "./method-types.js";

/** What {@link invoke} takes beside the payload. */
export interface InvokeOptions<M> {
  /** What the inputs give the method, by name; one that is left out is not there: `undefined`. */
  readonly inputs?: InputsOf<M> | undefined;
  /** Values of `%setting%`, all of them; without this option they stay as they are written. */
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined;
  /** What `{name}` expressions find, in place of the payload. */
  readonly bindingData?: Readonly<Record<string, unknown>> | undefined;
  /** Members of the invocation context: `{ log: jest.fn() }`. */
  readonly context?: Partial<InvocationContext> | undefined;
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
  /** How many writes of the state entries find that another has changed a key, so that the method runs again. */
  readonly conflicts?: number | undefined;
  /** Surrounds the call of the method, as that of `serve` does. */
  readonly around?: Around | undefined;
}

const invokeOptions: Readonly<Record<keyof InvokeOptions<unknown>, OptionKind>> = {
  inputs: "members",
  settings: "members",
  bindingData: "members",
  context: "members",
  validation: "members",
  conflicts: "any",
  around: "function",
};

/** What an invocation left. */
export interface Invoked<M> {
  /** What the method returned. */
  readonly reply: ReplyOf<M>;
  /** What it added to its collectors, by name. */
  readonly outputs: OutputsOf<M>;
  /** What became of its state entries, by name. */
  readonly entries: EntriesOf<M>;
}

/**
 * Runs a function as an app beside a sidecar would: the payload is what JSON leaves of it, it is checked against its
 * type, inputs are given, every item is checked in its `add`, collectors are closed at the end. Nothing is sent.
 *
 * @param method the name of a method that has a trigger
 * @throws what the invocation would fail with: PayloadError, InvocationError, or whatever the method threw;
 *   DefinitionError when the class cannot be used or a setting is missing
 * @example
 * const { reply, outputs } = await invoke(new OrderFunctions(), "createNewOrder", { id: "41", total: 3 });
 * expect(outputs.order.values).toEqual([{ id: "41", total: 3 }]);
 */
export async function invoke<C extends object, K extends MethodName<C>>(
  instance: C,
  method: K,
  ...rest: undefined extends PayloadOf<C[K]>
    ? [payload?: PayloadOf<C[K]>, options?: InvokeOptions<C[K]>]
    : [payload: PayloadOf<C[K]>, options?: InvokeOptions<C[K]>]
): Promise<Invoked<C[K]>> {
  const [payload, options] = rest as [payload?: unknown, options?: InvokeOptions<unknown>];
  return (await invokeWatched(instance, method, payload, options)) as Invoked<C[K]>;
}

/**
 * The same without types, and watched.
 *
 * @param observer of a replay, whose payload is what was read then: to decode it again would make another of it
 */
export async function invokeWatched(
  instance: object,
  method: string,
  given: unknown,
  options: InvokeOptions<unknown> = {},
  observer?: InvocationObserver,
): Promise<Invoked<unknown>> {
  if (typeof instance === "function") {
    const name = (instance as { readonly name: string }).name || "the class";
    throw new TypeError(`invoke(): ${name} is a class; give an instance of it`);
  }
  throwErrors(optionProblems(options, invokeOptions, "error"));
  const definition = definitionOf(instance, method, options.settings);
  const inputs = (options.inputs ?? {}) as Readonly<Record<string, unknown>>;
  refuseUndeclared(definition, inputs);
  warnOfLostTypes(instance, definition);
  const arrived = payloadOf(definition, given);
  const payload = observer === undefined ? asRead(definition, arrived) : arrived;
  const request =
    definition.trigger.type === "httpTrigger"
      ? contextRequestOf(payload as HttpRequest, () => context.attempt)
      : undefined;
  const context: InvocationContext = invocationContext({ functionName: definition.name, request, ...options.context });
  const invocation: Invocation = {
    id: context.invocationId,
    definition,
    context,
    bindingData: await dataOf(definition, payload, context, options.bindingData),
    traceHeaders: undefined,
    event: eventOf(definition, payload),
    signal: context.signal,
    attempt: 1,
  };
  Object.defineProperty(context, "attempt", { get: () => invocation.attempt, enumerable: true, configurable: true });
  const { validation, around, conflicts } = options;
  throwErrors([...validationProblems(validation), ...numberProblem("conflicts", conflicts, { least: 0, whole: true })]);
  const host = new FakeHost(inputs, validation, conflicts);
  const compiled = compileFunction({ definition, instance }, host, { validation, around, observer });
  const reply = await replyOf(compiled, payload, invocation);
  const outputs = Object.fromEntries(
    definition.outputs.map(({ name }) => [name, leftIn(definition, name, host)] as const),
  );
  const entries = Object.fromEntries(
    definition.entries.map(({ name }) => [name, host.written.get(name) ?? untouched(inputs[name])] as const),
  );
  return {
    reply: reply as ReplyOf<unknown>,
    outputs: outputs as OutputsOf<unknown>,
    entries: entries as EntriesOf<unknown>,
  };
}

function untouched(given: unknown): EntryResult<unknown> {
  return { value: storedOf(given).value, isSet: false, isRemoved: false, metadata: undefined };
}

function definitionOf(
  instance: object,
  method: string,
  settings: Readonly<Record<string, string | undefined>> | undefined,
): FunctionDefinition {
  const definitions = readFunctions([instance]);
  const definition = definitions.find(({ methodName }) => methodName === method);
  if (definition === undefined) {
    const { name } = instance.constructor;
    const known = definitions.map(({ methodName }) => methodName);
    throw new DefinitionError([
      {
        code: "function-missing",
        level: "error",
        class: name,
        method,
        message: `${name}.${method}: it has no trigger, so it is not a function; ${choiceOf(known, "functions of the class")}`,
      },
    ]);
  }
  if (settings === undefined) return definition;
  const resolved = resolveSettings([definition], settingsFrom(settings));
  const [first, ...others] = resolved.problems.filter(({ level }) => level === "error") as [Problem, ...Problem[]];
  if ((first as Problem | undefined) !== undefined) throw new DefinitionError([first, ...others]);
  return resolved.definitions[0]!;
}

const warned = new WeakSet<object>();

/** Once for each class: a test of what is refused fails then, and would not say why. */
function warnOfLostTypes(instance: object, definition: FunctionDefinition): void {
  const lost = warned.has(instance.constructor) ? undefined : lostTypesOf([definition]);
  if (lost === undefined) return;
  warned.add(instance.constructor);
  console.warn(lost);
}

/** @throws DefinitionError `option-unknown` when an input has a name that no decorator declares */
export function refuseUndeclared(definition: FunctionDefinition, inputs: Readonly<Record<string, unknown>>): void {
  const declared = [...definition.inputs, ...definition.entries, ...definition.clients].map(({ name }) => name);
  const unknown = Object.keys(inputs).filter((name) => !declared.includes(name));
  if (unknown.length === 0) return;
  const names = listed(unknown, (name) => `"${name}"`);
  const what = definition.outputs.some(({ name }) => unknown.includes(name)) ? ", and outputs are not given" : "";
  throw new DefinitionError([
    {
      code: "option-unknown",
      level: "error",
      class: definition.className,
      method: definition.methodName,
      message: `${placeOf(definition)}: no decorator declares an input ${names}${what}; ${choiceOf(declared, "declared inputs")}`,
    },
  ]);
}

function choiceOf(names: readonly string[], what: string): string {
  return names.length === 0 ? `there are no ${what}` : `${what}: ${listed(names, String)}`;
}

/** What arrives of a payload: its JSON. A request arrives as it is, and so do bytes. */
function payloadOf(definition: FunctionDefinition, payload: unknown): unknown {
  if (definition.trigger.type === "httpTrigger") {
    if (typeof (payload as Partial<HttpRequest> | undefined)?.text === "function") return payload;
    const message = `${placeOf(definition)}: an HTTP function gets a request; give it httpRequest({ … }) of dapr-functions/testing`;
    throw new TypeError(message);
  }
  try {
    if (definition.trigger.type !== "daprTopicTrigger" || !hasData(payload)) return jsonCopy(payload);
    return { ...(jsonCopy({ ...payload, data: undefined }) as CloudEvent), data: jsonCopy(payload.data) };
  } catch (cause) {
    const reason = (cause as Error).message;
    const message = `${placeOf(definition)}: the payload cannot be sent, since it cannot be written as JSON: ${reason}`;
    throw new PayloadError("ERR_MALFORMED_REQUEST", message, { cause });
  }
}

function hasData(payload: unknown): payload is CloudEvent {
  return typeof payload === "object" && payload !== null && "data" in payload;
}

/**
 * What of it an app would read: an event is decoded by its label and by what the function declares, and no bytes are no
 * body.
 *
 * @throws PayloadError `ERR_MALFORMED_REQUEST` for what is not an event
 */
function asRead({ trigger, name }: FunctionDefinition, payload: unknown): unknown {
  if (trigger.generic === true || trigger.type === "httpTrigger") return payload;
  if (trigger.type !== "daprTopicTrigger")
    return types.isUint8Array(payload) && payload.length === 0 ? undefined : payload;
  // A message that is not an event is delivered as one; what a test gives without a version is one, in short.
  if (hasData(payload) && !("specversion" in payload)) return payload;
  return readEvent(inEnvelope(payload), trigger, trigger.topic ?? name, false).event;
}

/** Bytes of an event as JSON carries them. */
function inEnvelope(payload: unknown): unknown {
  if (!hasData(payload) || !types.isUint8Array(payload.data)) return payload;
  const { data, ...event } = payload;
  return { ...event, data_base64: Buffer.from(data).toString("base64") };
}

async function dataOf(
  definition: FunctionDefinition,
  payload: unknown,
  { request: callers }: InvocationContext,
  given: Readonly<Record<string, unknown>> | undefined,
): Promise<BindingData> {
  if (given !== undefined) return { sys: systemData(definition.name), ...given };
  const reader = bindingDataOf(definition);
  if (reader === undefined) return {};
  if (definition.trigger.type !== "httpTrigger") return reader.ofPayload(payload, callers);
  const request = payload as HttpRequest;
  // Bytes that are not text have no members.
  const body = await request.text().catch(() => "");
  return reader.ofRequest(request, () => body);
}

/** Ids of published events derive from the event that led to them. */
function eventOf(definition: FunctionDefinition, payload: unknown): Invocation["event"] {
  if (definition.trigger.type !== "daprTopicTrigger") return undefined;
  const { source, id } = (payload ?? {}) as Partial<CloudEvent>;
  return typeof source === "string" && typeof id === "string" ? { source, id } : undefined;
}

/** What the method returned, once it is known that it can be answered. */
async function replyOf(fn: CompiledFunction, payload: unknown, invocation: Invocation): Promise<unknown> {
  let reply: unknown;
  const keeping: CompiledFunction = {
    ...fn,
    readReply: (returned, context) => {
      reply = returned;
      return fn.readReply(returned, context);
    },
  };
  await runFunction<unknown, Invocation>(keeping, invocation, {
    readPayload: () => payload,
    write: (answer) => answer,
    fail: (_failure, _invocation, thrown) => {
      throw thrown;
    },
  });
  return reply;
}

function leftIn(definition: FunctionDefinition, output: string, host: FakeHost): FakeCollector<unknown> {
  return closedCollector(host.kept.get(output) ?? [], (verb) => {
    const message = `${placeOf(definition)}, output "${output}": ${verb}() came after the invocation had ended`;
    throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
  });
}
