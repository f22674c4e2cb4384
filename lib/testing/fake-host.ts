import type { BulkStateResult, DaprClient, InvokeBindingResult, InvokeMethodResult } from "../client/dapr-client.js";
import type { AppReply } from "../model/app-client.js";
import type { BindingRecord } from "../model/binding-record.js";
import { outputTypes } from "../model/binding-table.js";
import type {
  ClientBinding,
  DaprApp,
  DaprSidecar,
  DaprStateEntryBinding,
  InputBinding,
  OutputBinding,
} from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { isJsonText, JsonText } from "../model/json.js";
import { compileTemplate, type BindingData } from "../expressions/template.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import {
  EntryConflict,
  type BindingHost,
  type ClientOpener,
  type EntryChange,
  type EntryStore,
  type InputReader,
  type OutputWriter,
} from "../invocation/binding-host.js";
import type { ValidationOptions } from "../payload/payload-type.js";
import { appClientOpener, sidecarCalls, type SendCall } from "../sidecar-host/app-client.js";
import { bindingPlace, type BindingPlace } from "../sidecar-host/options.js";
import { SidecarHost } from "../sidecar-host/sidecar-host.js";
import type { FakeItem, FakeOverrides, KeptItem } from "./fake-collector.js";
import { storedOf, type EntryResult } from "./fake-entry.js";
import { jsonCopy } from "./json-copy.js";

/**
 * The sidecar's host without a sidecar: inputs come from the test and items are kept. Options, items and expressions
 * are resolved and checked by the real host, so that a test meets every refusal that production would.
 */
export class FakeHost implements BindingHost {
  /** What the function added, by output. */
  readonly kept = new Map<string, readonly KeptItem[]>();

  /** What became of the state entries that the function changed, by name. */
  readonly written = new Map<string, EntryResult<unknown>>();

  /** @param conflicts how many writes of the state entries are to find that a key has changed */
  constructor(
    private readonly inputs: Readonly<Record<string, unknown>>,
    private readonly validation?: ValidationOptions,
    private conflicts = 0,
  ) {}

  reader(input: InputBinding, definition: FunctionDefinition): InputReader {
    const value = arriving(this.inputs[input.name], input, definition);
    if (input.generic === true) return { read: () => Promise.resolve(value) };
    const isRecord = input.type === "daprState" && input.record === true;
    const stored = (isRecord ? value : { value }) as { value?: unknown; etag?: string | undefined } | undefined;
    const client: Pick<DaprClient, "getState" | "getBulkState" | "getSecret" | "invokeMethod" | "invokeBinding"> = {
      getState: () => Promise.resolve({ value: stored?.value, etag: stored?.etag }),
      getBulkState: () => Promise.resolve((value ?? []) as readonly BulkStateResult[]),
      getSecret: () => Promise.resolve(value as Record<string, string>),
      invokeMethod: () => Promise.resolve(calleeAnswer(recordOf(value, input, "value"))),
      invokeBinding: () => Promise.resolve(componentAnswer(recordOf(value, input, "data"))),
    };
    const real = new SidecarHost(client as DaprClient).reader(checkable(input), definition);
    if (!isRecord || value === undefined) return real;
    return { read: (invocation) => real.read(invocation).then(() => value) };
  }

  client(binding: ClientBinding, definition: FunctionDefinition): ClientOpener {
    const fakes = (this.inputs[binding.name] ?? {}) as Fakes;
    if (binding.type === "daprSidecar") {
      const client = fakeSidecar(fakes, bindingPlace(checkable(binding), definition));
      return { open: () => ({ client, close: () => undefined }) };
    }
    const place = bindingPlace(checkable(binding), definition);
    return appClientOpener(place, fakeCalls(fakes, place), this.validation);
  }

  entries(definition: FunctionDefinition): EntryStore {
    const checked = { ...definition, entries: definition.entries.map(checkable) };
    const client: Pick<DaprClient, "getState"> = {
      getState: ({ binding }) => {
        const entry = definition.entries.find(({ name, type }) => `${type} "${name}"` === binding)!;
        return Promise.resolve(storedOf(this.inputs[entry.name]));
      },
    };
    return {
      ...new SidecarHost(client as DaprClient).entries(checked),
      write: (changes) => {
        if (this.conflicts > 0) {
          this.conflicts--;
          return Promise.reject(new EntryConflict(new Error("the test asked for a conflict")));
        }
        for (const { index, change } of changes) this.written.set(definition.entries[index]!.name, resultOf(change));
        return Promise.resolve();
      },
    };
  }

  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter<KeptItem> {
    const real = output.generic === true ? undefined : new SidecarHost(noClient).writer(checkable(output), definition);
    const targetOf = compileTarget(output);
    return {
      toMessage: (item, invocation, index) => {
        real?.toMessage(item, invocation, index);
        const target = { ...targetOf(invocation.bindingData), ...item.overrides };
        if (item.verb === "remove") return { item: undefined, target };
        const kept: FakeItem<unknown> = { value: jsonCopy(item.value), overrides: item.overrides };
        return { item: kept, target };
      },
      write: (messages) => {
        this.kept.set(output.name, messages);
        return Promise.resolve();
      },
    };
  }
}

function resultOf(change: EntryChange): EntryResult<unknown> {
  if (change.operation === "remove") {
    return { value: undefined, isSet: false, isRemoved: true, metadata: undefined };
  }
  const { value, metadata } = change;
  return { value: (value as JsonText).toJSON(), isSet: true, isRemoved: false, metadata };
}

/** What arrives of a record: bytes of a member stay bytes. */
function membersCopy(given: unknown): unknown {
  if (typeof given !== "object" || given === null) return jsonCopy(given);
  return Object.fromEntries(Object.entries(given).map(([name, member]) => [name, jsonCopy(member)]));
}

/** What a test gave as the value of an input, or as the whole record. */
function recordOf(given: unknown, input: InputBinding, part: "value" | "data"): object {
  const isRecord = "record" in input && input.record === true && typeof given === "object" && given !== null;
  return isRecord ? given : { [part]: given };
}

/** What another application has to answer to be read as this. */
function calleeAnswer({ status, headers, value, bytes }: Partial<AppReply>): InvokeMethodResult {
  const body = bytes instanceof Uint8Array ? bytes : bodyOf(value);
  // Bytes that a test gave without their type may be JSON.
  const isJson =
    bytes instanceof Uint8Array ? isJsonText(new TextDecoder().decode(bytes)) : !(value instanceof Uint8Array);
  const contentType = isJson ? "application/json" : "application/octet-stream";
  const isNothing = body.length === 0 && !(value instanceof Uint8Array);
  const type = isNothing ? {} : { "content-type": contentType };
  return { status: status ?? (isNothing ? 204 : 200), headers: { ...type, ...headers }, body };
}

/** What a component has to answer to be read as this. */
function componentAnswer({ data, metadata = {} }: Partial<BindingRecord>): InvokeBindingResult {
  const body = bodyOf(data);
  return { status: body.length === 0 ? 204 : 200, headers: {}, metadata, body };
}

/** Functions that a test gave in place of methods, by their names. */
type Fakes = Readonly<Record<string, unknown>>;

function fakeOf(fakes: Fakes, name: string): ((...args: unknown[]) => unknown) | undefined {
  const fake = Object.hasOwn(fakes, name) ? fakes[name] : undefined;
  return typeof fake === "function"
    ? (...args) => (fake as (...args: unknown[]) => unknown).apply(fakes, args)
    : undefined;
}

/** What a test gives for an input, as it would arrive. */
function arriving(given: unknown, input: InputBinding, definition: FunctionDefinition): unknown {
  try {
    return "record" in input && input.record === true ? membersCopy(given) : jsonCopy(given);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new TypeError(`${placeOf(definition)}, input "${input.name}": cannot arrive as JSON: ${reason}`, { cause });
  }
}

/** Answers calls with what the test's functions return, as it would arrive. */
function fakeCalls(fakes: Fakes, place: BindingPlace<DaprApp>): SendCall {
  return async (call, invocation) => {
    const port: Pick<DaprClient, "invokeMethod"> = {
      invokeMethod: async ({ methodName, body }) => {
        const payload = body === undefined ? undefined : received(body.content);
        const { method, options } = call;
        const fake = fakeOf(fakes, method);
        if (method === "call" && fake !== undefined) {
          return calleeAnswer((await fake(methodName, payload, options)) as Partial<AppReply>);
        }
        const named = fake ?? fakeOf(fakes, methodName);
        if (named === undefined) throw notGiven(place, method === "call" ? methodName : method);
        return calleeAnswer({ value: jsonCopy(await named(payload, options)) });
      },
    };
    return await sidecarCalls(port as DaprClient, place)(call, invocation);
  };
}

function received(content: unknown): unknown {
  return content instanceof JsonText ? content.toJSON() : content;
}

/** A client of the sidecar that has the test's methods, and refuses the others. */
function fakeSidecar(fakes: Fakes, place: BindingPlace<DaprSidecar>): unknown {
  return new Proxy(fakes, {
    get: (_, name) => {
      if (typeof name !== "string" || name === "then" || name === "toJSON") return undefined;
      if (name in Object.prototype) return Reflect.get(Object.prototype, name) as unknown;
      return fakeOf(fakes, name) ?? (() => Promise.reject(notGiven(place, name)));
    },
  });
}

function notGiven({ where, binding }: BindingPlace<DaprApp | DaprSidecar>, name: string): InvocationError {
  const advice = `give inputs: { ${binding.name}: { ${/^\w+$/.test(name) ? name : JSON.stringify(name)}: … } }`;
  return new InvocationError("ERR_DAPR_BAD_REQUEST", `${where}: the test has no ${name}(); ${advice}`);
}

function bodyOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return new TextEncoder().encode(value === undefined ? "" : JSON.stringify(value));
}

const noClient = {} as DaprClient;

/** What the decorator says of where an item goes, by the names that an item overrides. */
function compileTarget(output: OutputBinding): (data: BindingData) => FakeOverrides {
  if (output.generic === true) return () => ({});
  const options = Object.keys(outputTypes[output.type].overrides).flatMap((name) => {
    const text: unknown = (output as unknown as Record<string, unknown>)[name];
    return typeof text === "string" ? [{ name, template: compileTemplate(text) }] : [];
  });
  return (data) => Object.fromEntries(options.map(({ name, template }) => [name, template.bind(data)]));
}

/**
 * A binding whose settings the test did not give, as the real host can take it: a name between `%` and `%` stands for
 * text that this host never sees, so nothing can be said of a path, a verb or an address made of it.
 */
function checkable<B extends InputBinding | OutputBinding | ClientBinding | DaprStateEntryBinding>(binding: B): B {
  const { daprAddress: _, ...rest } = binding as B & { daprAddress?: unknown };
  const options = rest as Record<string, unknown>;
  for (const name of ["methodName", "httpVerb"]) {
    const text = options[name];
    if (typeof text !== "string" || !/%[^%]+%/.test(text)) continue;
    if (name === "httpVerb") delete options[name];
    else options[name] = text.replace(/%[^%]+%/g, "setting");
  }
  return options as unknown as B;
}
