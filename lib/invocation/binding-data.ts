import type { Binding } from "../model/bindings.js";
import { memberName, systemData, type BindingData } from "../expressions/template.js";
import { parseTemplate, partsOf } from "../expressions/parse.js";
import { templatesOf } from "../expressions/members.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest } from "../model/invocation.js";

/** The parts of an HTTP request in which expressions find data. */
export interface RequestParts extends Pick<HttpRequest, "query" | "params" | "headers"> {
  /** Its JSON, as text, as bytes or parsed; left out when there is no body (Content-Length 0 or absent). */
  readonly body?: unknown;
}

/** Makes what `{name}` expressions of one function find. Take it before the method runs: the method may change its payload. */
export interface BindingDataReader {
  /** @param payload of a Dapr trigger, before it was checked */
  ofPayload(payload: unknown): BindingData;
  ofRequest(request: RequestParts): BindingData;
}

/** Undefined when the members of the function's bindings are constant, so that there is nothing to find. */
export function bindingDataOf(definition: FunctionDefinition): BindingDataReader | undefined {
  const inputs = [...definition.inputs, ...definition.entries, ...definition.clients].flatMap(pathsOf);
  const outputs = definition.outputs.flatMap(pathsOf);
  const roots = [...inputs, ...outputs].map(([root = ""]) => root.toLowerCase());
  if (roots.length === 0) return undefined;
  const triggerName = definition.trigger.name;
  const usesText = roots.includes(triggerName.toLowerCase());
  const sys = systemData(definition.name);
  const complete = (data: Data): BindingData => {
    for (const path of outputs) keep(data, path);
    if (memberName(data, "sys") === undefined) data["sys"] = sys;
    return data;
  };
  return {
    ofPayload(payload) {
      const data = new Data();
      // Writing the payload as text costs as much as all the rest, so only an expression that asks for it pays.
      data[triggerName] = usesText ? textOf(payload) : payload;
      addMembers(data, payload);
      return complete(data);
    },
    ofRequest({ body, query, params, headers }) {
      const data = new Data();
      addMembers(data, body);
      for (const [name, value] of query) if (name.toLowerCase() !== "code") data[name] = value;
      for (const name of Object.keys(params)) data[name] = params[name];
      if (memberName(data, "query") === undefined) data["query"] = Object.fromEntries(query);
      if (memberName(data, "headers") === undefined) data["headers"] = Object.fromEntries(headers);
      return complete(data);
    },
  };
}

/** Has no prototype to speak of, so that a payload may name a member `__proto__`; `Object.create(null)` is slower. */
class Data {
  [name: string]: unknown;
}
Object.setPrototypeOf(Data.prototype, null);

/** The data paths of a binding's expressions. */
function pathsOf(binding: Binding): (readonly string[])[] {
  return templatesOf(binding)
    .flatMap(({ text }) => parseTemplate(text))
    .flatMap((token) => ("literal" in token ? [] : [partsOf(token)]));
}

/**
 * The top-level members of a JSON object, without nulls, as the Functions host has them. Numbers, booleans
 * and lists are left as they are: the former become text when they are bound, the latter cannot.
 */
function addMembers(data: Data, payload: unknown): void {
  const members = membersOf(payload);
  if (members === undefined) return;
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value !== null && value !== undefined) data[name] = value;
  }
}

function membersOf(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof payload !== "string" && !(payload instanceof Uint8Array)) return isObject(payload) ? payload : undefined;
  const text = textOf(payload);
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(payload: unknown): string {
  if (typeof payload === "string") return payload;
  if (payload instanceof Uint8Array) return new TextDecoder().decode(payload);
  return payload === undefined ? "" : JSON.stringify(payload);
}

/** Copies what a path walks, so that an output still finds what was there before the method changed its payload. */
function keep(data: Data, path: readonly string[]): void {
  let owner: object = data;
  for (const part of path) {
    const name = memberName(owner, part);
    const value: unknown = name === undefined ? undefined : (owner as Data)[name];
    if (name === undefined || !isObject(value)) return;
    const copy = { ...value };
    // Not by assignment: an object may have a member named `__proto__` of its own.
    Object.defineProperty(owner, name, { value: copy, enumerable: true, configurable: true, writable: true });
    owner = copy;
  }
}
