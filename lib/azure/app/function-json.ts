import { optionsWhere, rowOf } from "../../model/binding-table.js";
import type { Binding, GenericBinding, JsonValue, RetryOptions } from "../../model/bindings.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import { payloadDataType } from "./data-type.js";
import { servedByHost, type Bindings } from "./served-by.js";

/** The content of one function.json file of the v3 programming model. */
export interface FunctionJson {
  /** How `generate` knows its own folders; the Functions host ignores it. */
  readonly generatedBy: "dapr-functions";
  /** The file that the host loads. */
  readonly scriptFile: "index.cjs";
  /** Trigger, inputs, `$return` and outputs, in this order. */
  readonly bindings: readonly BindingJson[];
  /** What `@Retry` says. */
  readonly retry?: RetryOptions | undefined;
}

/** How a function.json is written. */
export interface FunctionJsonOptions {
  /** Who serves the Dapr inputs and outputs; with `sidecar` they are left out. `host` unless given. */
  readonly bindings?: Bindings | undefined;
}

/** One binding as the Functions host reads it; what the decorator was not given is absent. */
export interface BindingJson {
  /** The type, as function.json spells it. */
  readonly type: string;
  /** Which way its data goes. */
  readonly direction: "in" | "out";
  /** Names the binding within its function. */
  readonly name: string;
  readonly [member: string]: JsonValue;
}

/** The schema of function.json knows these in lower case only, however the host reads them. */
const lowerCased: ReadonlySet<string> = new Set(["dataType", "authLevel", "methods"]);

/** The reply of an HTTP function; nothing else is ever named `$return`. */
const httpReply: BindingJson = { type: "http", direction: "out", name: "$return" };

/**
 * What the v3 model's function.json says of a function: its bindings in the order trigger, inputs, `$return`, outputs,
 * members in a fixed order, defaults left out. Pure: equal definitions give equal objects.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference#function-code
 */
export function toFunctionJson(definition: FunctionDefinition, options: FunctionJsonOptions = {}): FunctionJson {
  const { retry } = definition;
  const { trigger, inputs, reply, outputs } = toHostBindings(definition, options);
  return {
    generatedBy: "dapr-functions",
    scriptFile: "index.cjs",
    bindings: [trigger, ...inputs, ...(reply === undefined ? [] : [reply]), ...outputs],
    ...(retry && { retry: toRetryJson(retry) }),
  };
}

/** The bindings of a function that the Functions host serves, by what they are to it. */
export interface HostBindings {
  readonly trigger: BindingJson;
  readonly inputs: readonly BindingJson[];
  /** `$return` of an HTTP function. */
  readonly reply: BindingJson | undefined;
  readonly outputs: readonly BindingJson[];
}

export function toHostBindings(
  definition: FunctionDefinition,
  { bindings: by = "host" }: FunctionJsonOptions = {},
): HostBindings {
  const { trigger, inputs, outputs } = servedByHost(definition, by);
  return {
    trigger: toBindingJson({ ...trigger, dataType: payloadDataType(definition, by) }),
    inputs: inputs.map(toBindingJson),
    reply: trigger.type === "httpTrigger" ? httpReply : undefined,
    outputs: outputs.map(toBindingJson),
  };
}

/** The text of the file: indented by two, each binding and `retry` on one line, one final newline. */
export function toFunctionJsonText(definition: FunctionDefinition, options: FunctionJsonOptions = {}): string {
  const { generatedBy, scriptFile, bindings, retry } = toFunctionJson(definition, options);
  const lines = [
    "{",
    `  "generatedBy": ${JSON.stringify(generatedBy)},`,
    `  "scriptFile": ${JSON.stringify(scriptFile)},`,
    `  "bindings": [`,
    bindings.map((binding) => `    ${onOneLine(binding)}`).join(",\n"),
    retry === undefined ? "  ]" : `  ],\n  "retry": ${onOneLine(retry)}`,
    "}",
    "",
  ];
  return lines.join("\n");
}

function toBindingJson(binding: Binding): BindingJson {
  const { type, direction, name } = binding;
  const json: Record<string, JsonValue> = { type, direction, name };
  const put = (member: string, value: unknown): void => {
    if (value !== undefined) json[member] = toMember(member, value, type);
  };
  put("dataType", binding.dataType);
  if (isGeneric(binding)) {
    for (const [member, value] of Object.entries(binding.members)) if (!(member in json)) json[member] = value;
  } else {
    const members = optionsWhere(rowOf(binding)!, ({ host }) => host === "function.json");
    for (const member of members)
      if (member !== "dataType") put(member, (binding as unknown as Record<string, unknown>)[member]);
  }
  return json as unknown as BindingJson;
}

/** A binding made by `@Trigger`, `@Input` or `@Output`. */
export function isGeneric(binding: Binding): binding is GenericBinding<"in" | "out"> {
  return binding.generic === true;
}

function toMember(member: string, value: unknown, type: string): JsonValue {
  if (lowerCased.has(member)) {
    return Array.isArray(value) ? value.map((text) => String(text).toLowerCase()) : String(value).toLowerCase();
  }
  if (type === "daprSecret" && member === "metadata" && typeof value === "object") return toQuery(value as object);
  return value as JsonValue;
}

/** What query text can only say with a `%`, which the host reads as the start of a setting. */
const unsayable = { name: /[&#+=%{}\s]/, value: /[&#+\t\r\n]/ };

/**
 * The host takes a secret's metadata as one query string, in which it puts settings and expressions: those stay as they
 * are written. What else a URL does not bear the host's HTTP client escapes.
 */
function toQuery(metadata: object): string {
  return Object.entries(metadata)
    .map(([name, value]) => `metadata.${name}=${String(value).replaceAll(" ", "+")}`)
    .join("&");
}

/** The first character of a secret's metadata that function.json cannot say, and where. */
export function unsayableMetadata(metadata: object): { readonly name: string; readonly character: string } | undefined {
  for (const [name, value] of Object.entries(metadata)) {
    const [character] = unsayable.name.exec(name) ?? unsayable.value.exec(String(value)) ?? [];
    if (character !== undefined) return { name, character };
  }
  return undefined;
}

function toRetryJson(retry: RetryOptions): RetryOptions {
  const { strategy, maxRetryCount } = retry;
  if (strategy === "fixedDelay") return { strategy, maxRetryCount, delayInterval: retry.delayInterval };
  const { minimumInterval, maximumInterval } = retry;
  return { strategy, maxRetryCount, minimumInterval, maximumInterval };
}

/** JSON text has no raw line break inside a string, so each one is layout. */
function onOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n */g, " ");
}
