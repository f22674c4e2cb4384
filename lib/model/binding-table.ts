import type {
  Binding,
  DaprApp,
  DaprBindingInput,
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprInvokeInput,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprStateEntryBinding,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  SidecarOutputBinding,
} from "./bindings.js";
import type { ItemOverrides, StateRemoveOverrides } from "./collector.js";

/*
 * What is known of each binding and of each of its options, said once: every rule, check and file that differs by option
 * asks this table. The compiler asks for a row for each option that an interface of the model has.
 */

/** What an option takes; a list stands for one of its words, `anyCase` for words whose case does not matter. */
export type OptionKind =
  | "text"
  | "flag"
  | "number"
  | "methods"
  | "verb"
  | "address"
  | "payloadType"
  | "functionClass"
  | "bulk"
  | "textMap"
  | "query"
  | "json"
  | { readonly oneOf: readonly string[]; readonly anyCase?: true }
  | { readonly from: number; readonly to: number };

/** What an override holds: text; text that is sent as a header; a metadata map; state options; a header map; any value. */
export type ItemKind = "text" | "header" | "metadata" | "options" | "headers" | "value";

/** How an item overrides an option, or adds one of its own. */
export interface ItemRule {
  readonly kind: ItemKind;
  /** Said when neither the item nor the decorator gives it, where one of them must. */
  readonly missing?: string;
  /** False where a request body does not have the property, though `add` takes the override. */
  readonly inRequestBody?: false;
  /** True where `remove` takes it. */
  readonly inRemove?: true;
  /** True where the Dapr extension of the Functions host takes it; it drops or garbles the others. */
  readonly host?: true;
}

/** What the Functions host does where it does not what the option says, and what to do about it. */
export interface HostProblem {
  /** An error where it would do something else, a warning where it does less. */
  readonly level: "error" | "warning";
  readonly text: string;
}

/**
 * Who sees to an option under the Functions host: the host itself, to which function.json tells it, or the library, in
 * its worker; or nobody, which is a problem.
 */
export type HostRule = "function.json" | "worker" | HostProblem;

/** One option of a binding. */
export interface OptionRow {
  readonly kind: OptionKind;
  /** True, or the option that may stand in its place. */
  readonly required?: true | { readonly unless: string };
  /** Whether its texts may hold `%setting%`, or `{data}` as well. */
  readonly expressions?: "settings" | "data";
  readonly host: HostRule;
  /** True where the host wants it of the binding, though each item may give it. */
  readonly hostRequires?: true;
  /** How an item overrides it, if it may. */
  readonly item?: ItemRule;
}

/** What an output calls its value. */
export interface ValueRule {
  /** What a request body calls the value. */
  readonly name: string;
  readonly missing: string;
  /** Where the value must be given: in request bodies, in `add` too, or nowhere. */
  readonly required: "request-body" | "always" | "never";
  /**
   * True where null in a request body is a value; elsewhere null there means absent. Deviation from the extension, which
   * refuses null as a state's value: nothing else could clear it.
   */
  readonly nullInRequestBody?: true;
}

/** What a binding is to its function, as messages call it. */
export type BindingRole = "trigger" | "input" | "entry" | "client" | "output";

export interface BindingRow {
  readonly role: BindingRole;
  readonly type: string;
  /** Of a trigger: what `{name}` expressions call the payload unless it is named. */
  readonly defaultName?: string;
  /** In the order in which function.json writes them; those that it does not have follow. */
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Of an output: what it calls its value. */
  readonly value?: ValueRule;
  /** Of an output: what an item may give that the binding has no option for. */
  readonly itemOnly?: Readonly<Record<string, ItemRule>>;
  /** Why the Functions host cannot serve the binding at all. */
  readonly host?: HostProblem;
}

/** The options of an interface; `dataType` is without effect on what is neither a trigger nor an input of the host. */
type OptionName<B> = Exclude<keyof B, "type" | "direction" | "name" | "generic" | NoDataType<B>>;
type NoDataType<B> = B extends { readonly direction: "out" }
  ? "dataType"
  : B extends { readonly dataType?: infer D }
    ? [D] extends [undefined]
      ? "dataType"
      : never
    : never;

interface RowOf<B extends { readonly type: string }, Role extends BindingRole> extends BindingRow {
  readonly role: Role;
  readonly type: B["type"];
  readonly options: Readonly<Record<OptionName<B>, OptionRow & { readonly item?: undefined }>>;
}

type OverridesOf<B extends SidecarOutputBinding> = ItemOverrides[B["type"]];

/** What `remove` takes, of the one output that has it. */
type Removal<B, K> = B extends DaprStateOutput
  ? K extends keyof StateRemoveOverrides
    ? { readonly inRemove: true }
    : unknown
  : unknown;

interface OutputRowOf<B extends SidecarOutputBinding> extends BindingRow {
  readonly role: "output";
  readonly type: B["type"];
  readonly value: ValueRule;
  readonly options: {
    readonly [K in OptionName<B>]: OptionRow &
      (K extends keyof OverridesOf<B> ? { readonly item: ItemRule & Removal<B, K> } : { readonly item?: undefined });
  };
  readonly itemOnly: {
    readonly [K in Exclude<keyof OverridesOf<B>, OptionName<B>>]: ItemRule & Removal<B, K>;
  };
}

/** The type of each decorator's binding; a new one begins here, in `bindings.ts` and in `collector.ts`. */
interface Rows {
  DaprServiceInvocationTrigger: RowOf<DaprServiceInvocationTrigger, "trigger">;
  DaprTopicTrigger: RowOf<DaprTopicTrigger, "trigger">;
  DaprBindingTrigger: RowOf<DaprBindingTrigger, "trigger">;
  HttpTrigger: RowOf<HttpTrigger, "trigger">;
  DaprStateInput: RowOf<DaprStateInput, "input">;
  DaprSecret: RowOf<DaprSecret, "input">;
  DaprInvokeInput: RowOf<DaprInvokeInput, "input">;
  DaprBindingInput: RowOf<DaprBindingInput, "input">;
  DaprState: RowOf<DaprStateEntryBinding, "entry">;
  DaprApp: RowOf<DaprApp, "client">;
  DaprSidecar: RowOf<DaprSidecar, "client">;
  DaprBindingOutput: OutputRowOf<DaprBindingOutput>;
  DaprInvoke: OutputRowOf<DaprInvoke>;
  DaprPublish: OutputRowOf<DaprPublish>;
  DaprStateOutput: OutputRowOf<DaprStateOutput>;
}

const address = { kind: "address", expressions: "settings", host: "function.json" } as const;
const ownAddress = { ...address, host: "worker" } as const;
const valueType = { kind: "payloadType", host: "worker" } as const;
const flag = { kind: "flag", host: "worker" } as const;
/** A name that is known at start. */
const atStart = { kind: "text", expressions: "settings", host: "function.json" } as const;
/** A text that an invocation completes. */
const template = { kind: "text", expressions: "data", host: "function.json" } as const;
const ownTemplate = { ...template, host: "worker" } as const;
const ownMap = { kind: "textMap", expressions: "data", host: "worker" } as const;

/** The Functions host refuses `binary` of inputs. */
const triggerData = dataType("string", "binary");
const inputData = dataType("string");
const anyData = dataType("string", "binary", "stream");

/** What bounds the invocations of a function, beside a sidecar. */
const limits = {
  timeout: {
    kind: { from: 1, to: Infinity },
    host: warning("the Functions host has a functionTimeout of its own, in host.json; set that"),
  },
  concurrency: {
    kind: { from: 1, to: Infinity },
    host: warning("the Functions host has limits of its own, in host.json; set those"),
  },
} as const;

function dataType(...words: readonly string[]) {
  return { dataType: { kind: { oneOf: words, anyCase: true }, host: "function.json" } } as const;
}

function warning(text: string): HostProblem {
  return { level: "warning", text };
}

function error(text: string): HostProblem {
  return { level: "error", text };
}

const hostIgnoresRequestMetadata = "the Functions host sends the request without it; remove it";
const hostSubscribesWithout = "the Functions host subscribes without it; give it in a declarative Dapr Subscription";
const hostHasNone = error(
  'the Functions host has no binding of this kind; generate and register with bindings: "sidecar"',
);

/** One row per decorator. */
export const bindingTable = {
  DaprServiceInvocationTrigger: {
    role: "trigger",
    type: "daprServiceInvocationTrigger",
    defaultName: "payload",
    options: {
      ...triggerData,
      methodName: atStart,
      methods: {
        kind: "methods",
        host: warning("the Functions host answers POST only; remove it, or use @HttpTrigger"),
      },
      payload: valueType,
      ...limits,
    },
  },
  DaprTopicTrigger: {
    role: "trigger",
    type: "daprTopicTrigger",
    defaultName: "payload",
    options: {
      ...triggerData,
      pubSubName: { ...atStart, required: true },
      topic: atStart,
      route: atStart,
      deadLetterTopic: { ...atStart, host: warning(hostSubscribesWithout) },
      match: {
        kind: "text",
        host: error(
          "the Functions host has no routing rules and would deliver every event; remove it and test the event in the method",
        ),
      },
      priority: { kind: "number", host: error("the Functions host has no routing rules; remove it") },
      bulk: { kind: "bulk", host: warning("the Functions host subscribes to single events; remove it") },
      metadata: { kind: "textMap", expressions: "settings", host: warning(hostSubscribesWithout) },
      payload: valueType,
      ...limits,
    },
  },
  DaprBindingTrigger: {
    role: "trigger",
    type: "daprBindingTrigger",
    defaultName: "payload",
    options: { ...triggerData, bindingName: atStart, payload: valueType, ...limits },
  },
  HttpTrigger: {
    role: "trigger",
    type: "httpTrigger",
    defaultName: "req",
    options: {
      ...anyData,
      authLevel: { kind: { oneOf: ["anonymous", "function", "admin"], anyCase: true }, host: "function.json" },
      methods: { kind: "methods", host: "function.json" },
      // The host reads no settings there.
      route: { kind: "text", host: "function.json" },
      payload: valueType,
      ...limits,
    },
  },
  DaprStateInput: {
    role: "input",
    type: "daprState",
    options: {
      ...inputData,
      stateStore: { ...template, required: true },
      key: { ...template, required: { unless: "keys" } },
      daprAddress: address,
      required: flag,
      record: { kind: "flag", host: error("the Functions host delivers the value without its etag; remove it") },
      valueType,
      keys: { ...template, host: error("the Functions host reads one key; give `key`") },
      metadata: { kind: "query", expressions: "data", host: error(hostIgnoresRequestMetadata) },
      consistency: { kind: { oneOf: ["eventual", "strong"] }, host: error(hostIgnoresRequestMetadata) },
    },
  },
  DaprSecret: {
    role: "input",
    type: "daprSecret",
    options: {
      ...inputData,
      secretStoreName: { ...template, required: true },
      key: { ...template, required: true },
      metadata: { kind: "query", expressions: "data", host: "function.json" },
      daprAddress: address,
    },
  },
  DaprInvokeInput: {
    role: "input",
    type: "daprInvoke",
    host: hostHasNone,
    options: {
      appId: { ...ownTemplate, required: true },
      methodName: { ...ownTemplate, required: true },
      httpVerb: { kind: "verb", expressions: "data", host: "worker" },
      body: { kind: "json", expressions: "data", host: "worker" },
      headers: ownMap,
      daprAddress: ownAddress,
      valueType,
      required: flag,
      record: flag,
    },
  },
  DaprBindingInput: {
    role: "input",
    type: "daprBinding",
    host: hostHasNone,
    options: {
      bindingName: { ...ownTemplate, required: true },
      operation: { ...ownTemplate, required: true },
      data: { kind: "json", expressions: "data", host: "worker" },
      metadata: ownMap,
      daprAddress: ownAddress,
      valueType,
      required: flag,
      record: flag,
    },
  },
  DaprState: {
    role: "entry",
    type: "daprStateEntry",
    host: hostHasNone,
    options: {
      stateStore: { ...ownTemplate, required: true },
      key: { ...ownTemplate, required: true },
      daprAddress: ownAddress,
      required: flag,
      valueType,
      metadata: { kind: "query", expressions: "data", host: "worker" },
      consistency: { kind: { oneOf: ["eventual", "strong"] }, host: "worker" },
      onConflict: { kind: { oneOf: ["rerun", "fail"] }, host: "worker" },
      attempts: { kind: { from: 1, to: 100 }, host: "worker" },
    },
  },
  DaprApp: {
    role: "client",
    type: "daprApp",
    host: hostHasNone,
    options: {
      appId: { ...ownTemplate, required: true },
      daprAddress: ownAddress,
      of: { kind: "functionClass", host: "worker" },
    },
  },
  DaprSidecar: {
    role: "client",
    type: "daprSidecar",
    host: hostHasNone,
    options: { daprAddress: ownAddress },
  },
  DaprBindingOutput: {
    role: "output",
    type: "daprBinding",
    value: { name: "data", missing: "A 'data' parameter is required", required: "request-body" },
    options: {
      bindingName: {
        ...template,
        item: { kind: "text", missing: "A non-null binding name must be specified", host: true },
      },
      operation: {
        ...template,
        item: { kind: "text", missing: "A non-null operation must be specified", host: true },
      },
      daprAddress: address,
      valueType,
    },
    itemOnly: { metadata: { kind: "metadata", host: true } },
  },
  DaprInvoke: {
    role: "output",
    type: "daprInvoke",
    value: { name: "body", missing: "A 'body' parameter is required", required: "never" },
    options: {
      appId: {
        ...template,
        hostRequires: true,
        item: { kind: "text", missing: "A non-null app ID must be specified" },
      },
      methodName: {
        ...template,
        hostRequires: true,
        item: { kind: "text", missing: "A non-null method name must be specified" },
      },
      httpVerb: { kind: "verb", expressions: "data", host: "function.json", item: { kind: "text" } },
      daprAddress: address,
      valueType,
    },
    itemOnly: { headers: { kind: "headers", inRequestBody: false }, contentType: { kind: "header" } },
  },
  DaprPublish: {
    role: "output",
    type: "daprPublish",
    value: { name: "payload", missing: "A 'payload' parameter is required", required: "always" },
    options: {
      pubSubName: { ...template, item: { kind: "text", missing: "No pub/sub name was found", host: true } },
      topic: { ...template, item: { kind: "text", missing: "No topic information was found", host: true } },
      daprAddress: address,
      bulk: { kind: "flag", host: warning("the Functions host publishes item by item; remove it") },
      valueType,
    },
    itemOnly: { metadata: { kind: "metadata" }, contentType: { kind: "header" } },
  },
  DaprStateOutput: {
    role: "output",
    type: "daprState",
    value: { name: "value", missing: "A 'value' parameter is required", required: "always", nullInRequestBody: true },
    options: {
      stateStore: {
        ...template,
        hostRequires: true,
        item: { kind: "text", missing: "No state store name was found", inRemove: true },
      },
      key: { ...template, item: { kind: "text", missing: "No key information was found", inRemove: true, host: true } },
      daprAddress: address,
      transaction: { kind: "flag", host: error("the Functions host saves without a transaction; remove it") },
      valueType,
      metadata: {
        kind: "query",
        expressions: "data",
        host: error(hostIgnoresRequestMetadata),
        item: { kind: "metadata", inRemove: true },
      },
      ttlInSeconds: {
        kind: { from: 1, to: 2 ** 31 - 1 },
        host: error("the Functions host saves for ever; remove it"),
      },
      outbox: { kind: "flag", host: error("the Functions host saves without a transaction; remove it") },
    },
    itemOnly: {
      etag: { kind: "header", inRemove: true },
      options: { kind: "options", inRemove: true },
      event: { kind: "value", inRequestBody: false },
    },
  },
} as const satisfies Rows;

/** The decorators of bindings that have a type of their own. */
export type TypedDecoratorName = keyof typeof bindingTable;

type Row = (typeof bindingTable)[TypedDecoratorName];
type OutputRow = Extract<Row, { readonly role: "output" }>;

/** Which way a binding's data goes, as function.json says it. */
export const directions = {
  trigger: "in",
  input: "in",
  entry: "inout",
  client: "inout",
  output: "out",
} as const satisfies Record<BindingRole, Binding["direction"]>;

const rows: ReadonlyMap<string, BindingRow> = new Map(
  Object.values(bindingTable as Readonly<Record<string, BindingRow>>).map((row) => [
    `${row.type} ${directions[row.role]}`,
    row,
  ]),
);

/** The row of a binding; undefined for a generic one, whose type is the Functions host's. */
export function rowOf(binding: Binding): BindingRow | undefined {
  return binding.generic === true ? undefined : rows.get(`${binding.type} ${binding.direction}`);
}

/** Options for which something holds, in the order of function.json. */
export function optionsWhere({ options }: BindingRow, test: (option: OptionRow) => boolean): string[] {
  return Object.keys(options).filter((member) => test(options[member]!));
}

/** Name of an output type of Dapr: `daprState`, `daprPublish` … */
export type OutputType = SidecarOutputBinding["type"];

/** What an item of an output may override, by name: options of the binding first, in the order of function.json. */
type ItemsOf<R extends OutputRow> = {
  readonly [
    K in keyof R["options"] as R["options"][K] extends { readonly item: ItemRule } ? K : never
  ]: R["options"][K] extends {
    readonly item: infer I;
  }
    ? I
    : never;
} & R["itemOnly"];

/** What each output calls its value, and what an item of it may override. */
export const outputTypes = Object.fromEntries(
  [...rows.values()]
    .filter(({ role }) => role === "output")
    .map((row) => [row.type, { value: row.value, overrides: itemsOf(row) }]),
) as unknown as {
  readonly [R in OutputRow as R["type"]]: { readonly value: R["value"]; readonly overrides: ItemsOf<R> };
};

function itemsOf({ options, itemOnly }: BindingRow): Record<string, ItemRule> {
  const items = Object.entries(options).flatMap(([member, { item }]) => (item === undefined ? [] : [[member, item]]));
  return { ...Object.fromEntries(items), ...itemOnly };
}
