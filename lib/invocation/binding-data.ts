import { isUtf8 } from "node:buffer";
import { isRecord, setOwn } from "../model/values.js";
import type { Binding } from "../model/bindings.js";
import { memberName, systemData, type BindingData } from "../expressions/template.js";
import { parseTemplate, partsOf } from "../expressions/parse.js";
import { templatesOf } from "../expressions/members.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest } from "../model/invocation.js";

/** The parts of a request in which expressions find data. */
export type RequestData = Pick<HttpRequest, "query" | "params" | "headers">;

/** A request that its caller wrote to the route of a Dapr trigger. */
type CallersData = Pick<RequestData, "query" | "params"> & {
  /** False where its route took nothing and it has no query; left out where a host does not say. */
  readonly hasData?: boolean;
};

/**
 * Makes what `{name}` expressions of one function find: of a request first what its route took, then its query, then the
 * members of its payload; last `query`, `params`, `headers`, the trigger's name and `sys`, where none of them has that
 * name. What no expression asks for is not even read, unless one of them finds nothing.
 *
 * Take it before the method runs: the method may change its payload.
 */
export interface BindingDataReader {
  /**
   * @param payload of a Dapr trigger, before it was checked
   * @param request that brought it, where it is the caller's own
   */
  ofPayload(payload: unknown, request?: CallersData): BindingData;
  /** @param content the body of an HTTP request: text, bytes or parsed; undefined where there is none */
  ofRequest(request: RequestData, content: () => unknown): BindingData;
}

/** Undefined when the members of the function's bindings are constant, so that there is nothing to find. */
export function bindingDataOf(definition: FunctionDefinition): BindingDataReader | undefined {
  const kept = [...definition.outputs, ...definition.entries, ...definition.clients].flatMap(pathsOf);
  const roots = rootsOf([...definition.inputs.flatMap(pathsOf), ...kept]);
  if (roots.length === 0) return undefined;
  const { trigger, name: functionName } = definition;
  const sys = systemData(functionName);
  const own = (data: Data): BindingData => {
    for (const { path } of kept) keep(data, path, sys);
    return data;
  };
  const dataOf = (sources: readonly Source[]): BindingData => own(asked(roots, sources) ?? whole(sources));
  return {
    ofPayload(payload, request) {
      const data = request === undefined || request.hasData === false ? exactly(roots, payload) : undefined;
      if (data !== undefined) return own(data);
      const system: Named = {
        // Writing the payload as text costs as much as all the rest, so only an expression that asks for it pays.
        [trigger.name]: () => textOf(payload),
        sys: () => sys,
        ...(request !== undefined && { query: () => textsOf(request.query), params: () => request.params }),
      };
      const sources = [membersSource(() => payload), systemSource(system)];
      return dataOf(request === undefined ? sources : [...requestSources(request, () => true), ...sources]);
    },
    ofRequest(request, content) {
      const data = exactly(roots, request.params);
      if (data !== undefined) return own(data);
      const system: Named = {
        query: () => textsOf(request.query),
        headers: () => textsOf(request.headers),
        params: () => request.params,
        sys: () => sys,
      };
      // `code` is the key with which Azure's callers prove themselves.
      const sources = requestSources(request, (name) => name.toLowerCase() !== "code");
      return dataOf([...sources, membersSource(content), systemSource(system)]);
    },
  };
}

/** Where names are found; asked in turn, the first that has one wins. */
interface Source {
  find(root: string): Found | undefined;
  all(): Iterable<Found>;
}

type Found = readonly [name: string, value: unknown];

type Named = Readonly<Record<string, () => unknown>>;

function requestSources(
  request: Pick<RequestData, "query" | "params">,
  isData: (name: string) => boolean,
): readonly Source[] {
  const params: Source = {
    find: (root) => ownMember(request.params, root),
    all: () => Object.entries(request.params),
  };
  const query: Source = {
    find(root) {
      if (!isData(root)) return undefined;
      let found: Found | undefined;
      for (const [name, value] of request.query) {
        if (name === root || (found?.[0] !== root && name.toLowerCase() === root.toLowerCase())) found = [name, value];
      }
      return found;
    },
    all: () => [...request.query].filter(([name]) => isData(name)),
  };
  return [params, query];
}

/**
 * The top-level members of a JSON object, without nulls, as the Functions host has them. Numbers, booleans and lists are
 * left as they are: the former become text when they are bound, the latter cannot.
 */
function membersSource(content: () => unknown): Source {
  let members: Readonly<Record<string, unknown>> | null | undefined;
  const read = (): Readonly<Record<string, unknown>> => {
    if (members === undefined) members = membersOf(content()) ?? null;
    return members ?? none;
  };
  return {
    find(root) {
      const found = ownMember(read(), root);
      return found !== undefined && isData(found[1]) ? found : undefined;
    },
    all: () => Object.entries(read()).filter(([, value]) => isData(value)),
  };
}

const none = Object.freeze({});

function isData(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function systemSource(system: Named): Source {
  return {
    find(root) {
      const found = ownMember(system, root);
      return found && [found[0], (found[1] as () => unknown)()];
    },
    all: () => Object.entries(system).map(([name, value]) => [name, value()] as const),
  };
}

function ownMember(owner: object, root: string): Found | undefined {
  const name = memberName(owner, root);
  return name === undefined ? undefined : [name, (owner as Readonly<Record<string, unknown>>)[name]];
}

/** The names with which a function's expressions begin. */
interface Root {
  readonly name: string;
  /** True for `{rand-guid}` and `{datetime}`, which have a value of their own. */
  readonly isBuiltin: boolean;
}

/**
 * What the expressions ask for where the first place that is asked has all of it, spelt exactly so: the usual case, in
 * which nothing else is looked at. Undefined where it has not.
 */
function exactly(roots: readonly Root[], owner: unknown): Data | undefined {
  if (!isRecord(owner) || owner instanceof Uint8Array) return undefined;
  const data = new Data();
  for (const { name } of roots) {
    const value = Object.hasOwn(owner, name) ? owner[name] : undefined;
    if (!isData(value)) return undefined;
    data[name] = value;
  }
  return data;
}

/** What the expressions ask for; undefined when one of them finds nothing and its message has to name what there is. */
function asked(roots: readonly Root[], sources: readonly Source[]): Data | undefined {
  const data = new Data();
  for (const { name, isBuiltin } of roots) {
    const found = find(name, sources);
    if (found !== undefined) data[found[0]] = found[1];
    else if (!isBuiltin) return undefined;
  }
  return data;
}

function find(root: string, sources: readonly Source[]): Found | undefined {
  for (const source of sources) {
    const found = source.find(root);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All that there is, payloads first, each name once whatever its case. */
function whole(sources: readonly Source[]): Data {
  const winners = new Map<string, Found>();
  const taken = new Set<string>();
  for (const source of sources) {
    const own = new Map<string, Found>();
    for (const found of source.all()) if (!taken.has(found[0].toLowerCase())) own.set(found[0], found);
    for (const [name, found] of own) {
      taken.add(name.toLowerCase());
      winners.set(name, found);
    }
  }
  const data = new Data();
  for (const [name, value] of winners.values()) data[name] = value;
  return data;
}

/** Has no prototype to speak of, so that a payload may name a member `__proto__`; `Object.create(null)` is slower. */
class Data {
  [name: string]: unknown;
}
Object.setPrototypeOf(Data.prototype, null);

/** The data path of an expression. */
interface DataPath {
  readonly path: readonly string[];
  readonly isBuiltin: boolean;
}

function pathsOf(binding: Binding): DataPath[] {
  return templatesOf(binding)
    .flatMap(({ text }) => parseTemplate(text))
    .flatMap((token) => ("literal" in token ? [] : [{ path: partsOf(token), isBuiltin: "builtin" in token }]));
}

function rootsOf(paths: readonly DataPath[]): Root[] {
  const roots = new Map(paths.map(({ path: [name = ""], isBuiltin }) => [name, { name, isBuiltin }] as const));
  return [...roots.values()];
}

function membersOf(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof payload !== "string" && !(payload instanceof Uint8Array)) return isRecord(payload) ? payload : undefined;
  const text = textOf(payload);
  if (text === undefined || !/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function textsOf(entries: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
  return Object.fromEntries(entries);
}

/** Undefined for bytes that are not text: two of them may not be one key. */
function textOf(payload: unknown): string | undefined {
  if (typeof payload === "string") return payload;
  if (payload instanceof Uint8Array) return isUtf8(payload) ? new TextDecoder().decode(payload) : undefined;
  return payload === undefined ? "" : JSON.stringify(payload);
}

/**
 * Copies what a path walks, so that an output still finds what was there before the method changed its payload. The
 * system's own data has another value at each use, which a copy would not.
 */
function keep(data: Data, path: readonly string[], sys: object): void {
  let owner: object = data;
  for (const part of path) {
    const name = memberName(owner, part);
    const value: unknown = name === undefined ? undefined : (owner as Data)[name];
    if (name === undefined || !isRecord(value) || value === sys) return;
    const copy = { ...value };
    setOwn(owner as Record<string, unknown>, name, copy);
    owner = copy;
  }
}
