import { allMethods } from "../model/paths.js";
import type { RouteParameter } from "../model/route-template.js";
import { setOwn } from "../model/values.js";
import { decodedPart, normalisedPart, normalisedPath, type PatternSegment } from "./route-pattern.js";

/** What a request's path and verb lead to. */
export interface Match<T> {
  readonly value: T;
  /** What the path has for the `{x}` segments of an HTTP route; `undefined` where the route has none. */
  readonly params: Readonly<Record<string, string>> | undefined;
}

/** By verb. */
type Answers<A> = Map<string, A>;

interface Leaf<T> {
  readonly value: T;
  readonly parameters: readonly RouteParameter[];
}

interface Branch<T> {
  readonly texts: Map<string, Branch<T>>;
  readonly ones: Choice<T>[];
  readonly ends: Answers<Leaf<T>>;
  /** Routes that may end here because what follows is optional: any other route that ends here goes first. */
  readonly mayEnd: Answers<Leaf<T>>;
  readonly rests: Choice<T>[];
}

/** What follows where a parameter's constraints are met. Those with constraints stand first, in the order of the routes. */
interface Choice<T> {
  /** The constraints as text: empty for none. */
  readonly key: string;
  readonly admits: (value: string | undefined) => boolean;
  readonly branch: Branch<T>;
}

/**
 * Paths and verbs to what answers them. Finding it takes as long with ten thousand routes as with one: a path without
 * parameters is one look-up, one with parameters a step for each segment.
 */
export class RouteTable<T> {
  /** @param isLenient whether a slash at the end of a path means nothing, as below the prefix of HTTP routes */
  constructor(private readonly isLenient: (path: string) => boolean = () => false) {}

  readonly #fixed = new Map<string, Answers<Match<T>>>();
  readonly #root: Branch<T> = newBranch();

  /** Adds a path without parameters. Returns what answers one of the verbs there already, and then adds nothing. */
  add(methods: readonly string[], path: string, value: T): T | undefined {
    const key = normalisedPath(path);
    const answers = this.#fixed.get(key) ?? new Map<string, Match<T>>();
    const taken = methods.map((method) => answers.get(method)).find((answer) => answer !== undefined);
    if (taken !== undefined) return taken.value;
    for (const method of methods) answers.set(method, { value, params: undefined });
    this.#fixed.set(key, answers);
    // Under the spelling in which the sidecar sends it too, so that the usual request is found without normalising.
    this.#fixed.set(path, answers);
    return undefined;
  }

  /** Adds a path with parameters. Returns as {@link add}. */
  addPattern(methods: readonly string[], segments: readonly PatternSegment[], value: T): T | undefined {
    const parameters = segments.filter((segment) => "name" in segment);
    const leaf = { value, parameters };
    const mayEnd: Answers<Leaf<T>>[] = [];
    let branch = this.#root;
    let ends: Answers<Leaf<T>> | undefined;
    for (const segment of segments) {
      if ("text" in segment) {
        branch = childOf(branch, segment.text);
      } else if (segment.takes === "rest") {
        ends = choiceOf(branch.rests, segment).ends;
        if (!admits(segment, undefined)) mayEnd.length = 0;
      } else {
        if (segment.optional) mayEnd.push(branch.mayEnd);
        branch = choiceOf(branch.ones, segment);
      }
    }
    const taken = put(ends ?? branch.ends, methods, leaf);
    if (taken === undefined) for (const answers of mayEnd) put(answers, methods, leaf);
    return taken;
  }

  /** @param path as the request has it, without its query */
  find(method: string, path: string): Match<T> | undefined {
    const fixed = this.#fixed.get(path)?.get(method);
    if (fixed !== undefined) return fixed;
    const trimmed = path.length > 1 && path.endsWith("/") && this.isLenient(path) ? path.slice(0, -1) : path;
    const normalised = normalisedPath(trimmed);
    const spelt = normalised === path ? undefined : this.#fixed.get(normalised)?.get(method);
    return spelt ?? this.#findPattern(method, trimmed);
  }

  /** The verbs that are answered at a path, in the order of messages; a slow search for what {@link find} did not find. */
  methodsAt(path: string): string[] {
    return allMethods.filter((method) => this.find(method, path) !== undefined);
  }

  #findPattern(method: string, path: string): Match<T> | undefined {
    const parts = path.split("/");
    const values: string[] = [];
    // Before the first slash there is nothing.
    const leaf = walk(this.#root, parts, 1, method, values);
    if (leaf === undefined) return undefined;
    return { value: leaf.value, params: paramsOf(leaf.parameters, values) };
  }
}

/** Depth first; text goes before a parameter, a parameter with constraints before one without, the rest of the path last. */
function walk<T>(
  branch: Branch<T>,
  parts: readonly string[],
  index: number,
  method: string,
  values: string[],
): Leaf<T> | undefined {
  if (index === parts.length) {
    return branch.ends.get(method) ?? branch.mayEnd.get(method) ?? restOf(branch, undefined, method);
  }
  const part = parts[index]!;
  const below = branch.texts.size === 0 ? undefined : branch.texts.get(normalisedPart(part));
  const byText = below && walk(below, parts, index + 1, method, values);
  if (byText !== undefined) return byText;
  if (branch.ones.length > 0 && part !== "") {
    const value = decodedPart(part);
    values.push(value);
    for (const choice of branch.ones) {
      const byParameter = choice.admits(value) ? walk(choice.branch, parts, index + 1, method, values) : undefined;
      if (byParameter !== undefined) return byParameter;
    }
    values.pop();
  }
  if (branch.rests.length === 0) return undefined;
  const value = parts.slice(index).map(decodedPart).join("/");
  const rest = restOf(branch, value, method);
  if (rest !== undefined) values.push(value);
  return rest;
}

function restOf<T>({ rests }: Branch<T>, value: string | undefined, method: string): Leaf<T> | undefined {
  return rests.find(({ admits, branch }) => branch.ends.has(method) && admits(value))?.branch.ends.get(method);
}

function admits({ constraints }: RouteParameter, value: string | undefined): boolean {
  return constraints.every((constraint) => constraint.admits?.(value) !== false);
}

/** The branch behind a parameter with the same constraints; a new one where there is none. */
function choiceOf<T>(choices: Choice<T>[], parameter: RouteParameter): Branch<T> {
  const key = parameter.constraints.map(({ text }) => `:${text}`).join("");
  const known = choices.find((choice) => choice.key === key);
  if (known !== undefined) return known.branch;
  const choice: Choice<T> = {
    key,
    admits: key === "" ? () => true : (value) => admits(parameter, value),
    branch: newBranch(),
  };
  choices.push(choice);
  choices.sort((one, other) => Number(one.key === "") - Number(other.key === ""));
  return choice.branch;
}

function paramsOf(parameters: readonly RouteParameter[], values: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (let index = 0; index < parameters.length; index++) {
    const { name, default: byDefault } = parameters[index]!;
    const value = values[index] ?? byDefault;
    if (value !== undefined) setOwn(params, name, value);
  }
  return params;
}

function put<A extends Leaf<unknown>>(
  answers: Answers<A>,
  methods: readonly string[],
  leaf: A,
): A["value"] | undefined {
  const taken = methods.map((method) => answers.get(method)).find((answer) => answer !== undefined);
  if (taken !== undefined) return taken.value;
  for (const method of methods) answers.set(method, leaf);
  return undefined;
}

function childOf<T>(branch: Branch<T>, text: string): Branch<T> {
  const child = branch.texts.get(text) ?? newBranch<T>();
  branch.texts.set(text, child);
  return child;
}

function newBranch<T>(): Branch<T> {
  return { texts: new Map(), ones: [], ends: new Map(), mayEnd: new Map(), rests: [] };
}
