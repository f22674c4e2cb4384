import type { Binding } from "../model/bindings.js";
import { memberName, parseTemplate, partsOf, systemData, templatesOf, type BindingData } from "../model/expressions.js";
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
  const inputs = definition.inputs.flatMap(pathsOf);
  const outputs = definition.outputs.flatMap(pathsOf);
  if (inputs.length + outputs.length === 0) return undefined;
  const triggerName = definition.trigger.name;
  const complete = (data: Data): BindingData => {
    for (const path of outputs) keep(data, path);
    if (memberName(data, "sys") === undefined) define(data, "sys", systemData(definition.name));
    return data;
  };
  return {
    ofPayload(payload) {
      const data = emptyData();
      Object.defineProperty(data, triggerName, { get: () => textOf(payload), enumerable: true, configurable: true });
      addMembers(data, payload);
      return complete(data);
    },
    ofRequest({ body, query, params, headers }) {
      const data = emptyData();
      addMembers(data, body);
      for (const [name, value] of query) if (name.toLowerCase() !== "code") define(data, name, value);
      for (const [name, value] of Object.entries(params)) define(data, name, value);
      if (memberName(data, "query") === undefined) define(data, "query", Object.fromEntries(query));
      if (memberName(data, "headers") === undefined) define(data, "headers", Object.fromEntries(headers));
      return complete(data);
    },
  };
}

type Data = Record<string, unknown>;

function emptyData(): Data {
  return Object.create(null) as Data;
}

// Never by assignment: a payload may name a member `__proto__`, or after the trigger, whose text has no setter.
function define(data: object, name: string, value: unknown): void {
  Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The data paths of a binding's expressions. */
function pathsOf(binding: Binding): (readonly string[])[] {
  return templatesOf(binding)
    .flatMap(({ text }) => parseTemplate(text))
    .flatMap((token) => ("literal" in token ? [] : [partsOf(token)]));
}

/** The top-level members of a JSON object; its lists and nulls are left out, as the Functions host does. */
function addMembers(data: Data, payload: unknown): void {
  const members = membersOf(payload);
  if (members === undefined) return;
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined || Array.isArray(value)) continue;
    define(data, name, typeof value === "number" || typeof value === "boolean" ? String(value) : value);
  }
}

function membersOf(payload: unknown): object | undefined {
  if (typeof payload === "string" || payload instanceof Uint8Array) {
    const text = textOf(payload);
    if (!/^\s*\{/.test(text)) return undefined;
    try {
      return JSON.parse(text) as object;
    } catch {
      return undefined;
    }
  }
  return typeof payload === "object" && payload !== null && !Array.isArray(payload) ? payload : undefined;
}

function textOf(payload: unknown): string {
  if (typeof payload === "string") return payload;
  if (payload instanceof Uint8Array)
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  return payload === undefined ? "" : JSON.stringify(payload);
}

/** Copies what a path walks, so that an output still finds what was there before the method changed its payload. */
function keep(data: Data, path: readonly string[]): void {
  let owner: object = data;
  for (const part of path) {
    const name = memberName(owner, part);
    if (name === undefined) return;
    const value = (owner as Data)[name];
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const copy = isObject ? { ...value } : value;
    define(owner, name, copy);
    if (!isObject) return;
    owner = copy as object;
  }
}
