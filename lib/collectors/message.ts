import type { SidecarOutputBinding } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";

/** Name of an output type of Dapr: `daprState`, `daprPublish` … */
export type OutputType = SidecarOutputBinding["type"];

/** What an override holds: text; text that is sent as a header; a metadata map; state options; a header map. */
type OverrideKind = "text" | "header" | "metadata" | "options" | "headers";

interface OverrideRule {
  readonly kind: OverrideKind;
  /** Said when neither the item nor the decorator gives it, where one of them must. */
  readonly missing?: string;
  /** False where a request body does not have the property, though `add` takes the override. */
  readonly inRequestBody?: false;
  /** True where `remove` takes it. */
  readonly inRemove?: true;
}

interface ValueRule {
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

/** What each output calls its value, and which of its options an item may override. */
export const outputTypes = {
  daprBinding: {
    value: { name: "data", missing: "A 'data' parameter is required", required: "request-body" },
    overrides: {
      bindingName: { kind: "text", missing: "A non-null binding name must be specified" },
      operation: { kind: "text", missing: "A non-null operation must be specified" },
      metadata: { kind: "metadata" },
    },
  },
  daprInvoke: {
    value: { name: "body", missing: "A 'body' parameter is required", required: "never" },
    overrides: {
      appId: { kind: "text", missing: "A non-null app ID must be specified" },
      methodName: { kind: "text", missing: "A non-null method name must be specified" },
      httpVerb: { kind: "text" },
      headers: { kind: "headers", inRequestBody: false },
      contentType: { kind: "header" },
    },
  },
  daprPublish: {
    value: { name: "payload", missing: "A 'payload' parameter is required", required: "always" },
    overrides: {
      pubSubName: { kind: "text", missing: "No pub/sub name was found" },
      topic: { kind: "text", missing: "No topic information was found" },
      metadata: { kind: "metadata" },
      contentType: { kind: "header" },
    },
  },
  daprState: {
    value: { name: "value", missing: "A 'value' parameter is required", required: "always", nullInRequestBody: true },
    overrides: {
      stateStore: { kind: "text", missing: "No state store name was found", inRemove: true },
      key: { kind: "text", missing: "No key information was found", inRemove: true },
      etag: { kind: "header", inRemove: true },
      metadata: { kind: "metadata" },
      options: { kind: "options" },
    },
  },
} as const satisfies Record<OutputType, { value: ValueRule; overrides: Record<string, OverrideRule> }>;

/** The rule of an output's value. */
export function valueRule(type: OutputType): ValueRule {
  return outputTypes[type].value;
}

/** An item that cannot be sent: `<Class>.<method>, output "<name>"[, <property>]: <what>`. */
export function badItem(where: string, property: string | undefined, what: string, cause?: unknown): InvocationError {
  const message = `${where}${property === undefined ? "" : `, ${property}`}: ${what}`;
  return new InvocationError("ERR_DAPR_BAD_REQUEST", message, cause === undefined ? undefined : { cause });
}

/** Where an item comes from, which decides what it may hold. */
export type ItemSource = "add" | "remove" | "request-body";

const canonicalNames = {
  daprBinding: namesOf(outputTypes.daprBinding.overrides),
  daprInvoke: namesOf(outputTypes.daprInvoke.overrides),
  daprPublish: namesOf(outputTypes.daprPublish.overrides),
  daprState: namesOf(outputTypes.daprState.overrides),
} satisfies Record<OutputType, unknown>;

function namesOf(overrides: object): ReadonlyMap<string, string> {
  return new Map(
    Object.keys(overrides).flatMap((name) => [[name, name] as const, [name.toLowerCase(), name] as const]),
  );
}

/** The override that a property stands for, whatever its case; undefined where this output has none of that name. */
export function overrideName(type: OutputType, property: string, source: ItemSource): string | undefined {
  const names = canonicalNames[type];
  const name = names.get(property) ?? names.get(property.toLowerCase());
  if (name === undefined || source === "add") return name;
  const rule = ruleOf(type, name);
  return (source === "remove" ? rule.inRemove === true : rule.inRequestBody !== false) ? name : undefined;
}

function ruleOf(type: OutputType, name: string): OverrideRule {
  return (outputTypes[type].overrides as Readonly<Record<string, OverrideRule>>)[name]!;
}

/**
 * Checks an override, named as in {@link outputTypes}, and makes of it what is sent: undefined where there is nothing
 * to send; text of what metadata holds.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function checkOverride(type: OutputType, name: string, value: unknown, where: () => string): unknown {
  if (value === undefined || value === null) return undefined;
  const rule = ruleOf(type, name);
  const problem = problemOf(rule, name, value);
  if (problem !== undefined) throw badItem(where(), name, problem);
  return rule.kind === "metadata" ? metadataText(value) : copyOf(value);
}

function problemOf(rule: OverrideRule, name: string, value: unknown): string | undefined {
  switch (rule.kind) {
    case "text":
    case "header":
      if (typeof value !== "string") return `must be text, not ${kindOf(value)}`;
      // Deviation from the extension, which takes empty text for a value and asks for a path that no API has.
      if (value === "") return rule.missing ?? `A non-empty ${name} must be specified; leave it out instead`;
      return rule.kind === "header" && !headerValue.test(value)
        ? "holds a character that no header can carry"
        : undefined;
    case "metadata":
      return metadataProblem(value);
    case "options":
      return optionsProblem(value);
    case "headers":
      return headersProblem(value);
  }
}

function metadataProblem(value: unknown): string | undefined {
  if (!isMap(value)) return `must be a map of text, not ${kindOf(value)}`;
  const bad = Object.entries(value).find(([, entry]) => typeof entry === "object" && entry !== null);
  return bad === undefined
    ? undefined
    : `"${bad[0]}" must be text, a number or a boolean, not ${kindOf(bad[1])}: Dapr takes text only`;
}

function metadataText(value: unknown): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(value as object).filter(([, entry]) => entry !== null && entry !== undefined);
  // fromEntries makes an own property even of "__proto__".
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([name, entry]) => [name, String(entry)]));
}

const stateOptions: Readonly<Record<string, readonly unknown[]>> = {
  concurrency: ["first-write", "last-write"],
  consistency: ["eventual", "strong"],
};

function optionsProblem(value: unknown): string | undefined {
  if (!isMap(value)) return `must be { concurrency, consistency }, not ${kindOf(value)}`;
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined || entry === null) continue;
    const allowed = Object.hasOwn(stateOptions, name) ? stateOptions[name]! : undefined;
    if (allowed === undefined) return `has no "${name}"; give concurrency or consistency`;
    if (!allowed.includes(entry)) return `${name} must be "${allowed.join('" or "')}"`;
  }
  return undefined;
}

const headerToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that the connection, the sidecar's token or other overrides decide. */
const refusedHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "dapr-api-token",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function headersProblem(value: unknown): string | undefined {
  if (!isMap(value)) return `must be a map of text, not ${kindOf(value)}`;
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined || entry === null) continue;
    if (!headerToken.test(name)) return `"${name}" is no header name`;
    if (refusedHeaders.has(name.toLowerCase())) {
      return `"${name}" cannot be set here${name.toLowerCase() === "content-type" ? "; use contentType" : ""}`;
    }
    if (typeof entry !== "string") return `"${name}" must be text, not ${kindOf(entry)}`;
    if (!headerValue.test(entry)) return `"${name}" holds a character that no header can carry`;
  }
  return undefined;
}

/** Text as it is; of a map a copy without null and undefined, so that later changes to it are not sent. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as object).filter(([, entry]) => entry !== null && entry !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Says what a value is, for messages: never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (ArrayBuffer.isView(value)) return "bytes";
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}
