import { DefinitionError, type Problem } from "../model/errors.js";
import type { BoundFunction, FunctionDefinition } from "../model/function-definition.js";
import { problemOf } from "../model/problem.js";
import type { Class, ConcreteClass } from "../model/payload-type.js";
import { readMethod } from "./read-method.js";
import { duplicateFunctionProblems } from "./rules/names.js";
import { sharingProblems } from "./rules/sharing.js";
import { methodsOf } from "./store.js";
import { nameOf, targetsOf, type Target } from "./targets.js";

/** Where instances come from: `{ get: (type) => container.resolve(type) }`. */
export interface Container {
  /** Gives an instance of a class. */
  get<T>(type: ConcreteClass<T>): T | Promise<T>;
}

/** What classes declare, and what is wrong with it. */
export interface Inspection {
  /** Of functions that have an error, what could be read: other rules may judge it, nothing may run it. */
  readonly definitions: readonly FunctionDefinition[];
  /** Errors and warnings. */
  readonly problems: readonly Problem[];
}

/**
 * The functions that classes and instances declare, as plain data, in the order given and then in that of the source.
 * An instance stands for its class, and a class is left out beside one that extends it.
 *
 * @throws DefinitionError with everything that is wrong, whatever the host
 * @example
 * for (const { name, trigger } of readFunctions([OrderFunctions])) console.log(name, trigger.type);
 */
export function readFunctions(functions: readonly (Class | object)[]): FunctionDefinition[] {
  const { definitions, problems } = inspectFunctions(functions);
  throwErrors(problems);
  return [...definitions];
}

/** As {@link readFunctions}, but returns what is wrong, warnings included, beside what could be read. */
export function inspectFunctions(functions: readonly (Class | object)[]): Inspection {
  const { methods, problems } = readTargets(functions);
  return { definitions: methods.map(({ definition }) => definition), problems };
}

interface TargetMethod {
  readonly target: Target;
  readonly definition: FunctionDefinition;
}

function readTargets(functions: readonly unknown[]): {
  readonly methods: TargetMethod[];
  readonly problems: Problem[];
} {
  const { targets, problems: notClasses } = targetsOf(functions);
  const read = targets.flatMap((target) => {
    const className = nameOf(target.type);
    return methodsOf(target.type).map((metadata) => ({ target, ...readMethod(target.type, className, metadata) }));
  });
  const methods = read.flatMap(({ target, definition }) => (definition === undefined ? [] : [{ target, definition }]));
  const definitions = methods.map(({ definition }) => definition);
  const problems = [
    ...notClasses,
    ...read.flatMap((method) => method.problems),
    ...duplicateFunctionProblems(definitions),
    ...sharingProblems(definitions),
  ];
  return { methods, problems };
}

/**
 * What keeps functions from being started that are right in themselves: there are none (`functions-none`), or a class
 * wants constructor arguments and there is neither an instance nor a container (`constructor-arguments`).
 */
export function inspectStart(functions: readonly (Class | object)[], options?: BindOptions): Problem[] {
  const { targets, problems } = targetsOf(functions);
  if (targets.length === 0 && problems.length === 0) {
    const text = "nothing given has a function; give a class that has methods with a trigger, or an instance of one";
    return [appProblem("functions-none", undefined, `functions: ${text}`)];
  }
  if (options?.container !== undefined) return [];
  return targets.filter(({ type, instance }) => instance === undefined && type.length > 0).map(wantsArguments);
}

function wantsArguments({ type }: Target): Problem {
  const name = nameOf(type);
  const what = `${name}: its constructor takes ${type.length === 1 ? "an argument" : `${type.length} arguments`}`;
  const text = `${what}; give an instance, or a \`container\` that makes one`;
  return problemOf(type, appProblem("constructor-arguments", name, text));
}

function appProblem(code: Problem["code"], className: string | undefined, message: string): Problem {
  return { code, level: "error", class: className, method: undefined, message };
}

export interface BindOptions {
  /** Makes the instances of classes; without one they are made with no arguments. */
  readonly container?: Container | undefined;
}

/**
 * The functions with the instances whose methods they call: the one given, else one per class, from the container or
 * made without arguments.
 *
 * @throws DefinitionError as {@link readFunctions}, and with what {@link inspectStart} finds; and whatever a constructor
 *   or the container throws
 */
export async function bindFunctions(
  functions: readonly (Class | object)[],
  options?: BindOptions,
): Promise<BoundFunction[]> {
  const { methods, problems } = readTargets(functions);
  throwErrors([...problems, ...inspectStart(functions, options)]);

  const instances = new Map<Target, object>();
  for (const { target } of methods) {
    if (!instances.has(target)) instances.set(target, await instanceOf(target, options?.container));
  }
  return methods.map(({ target, definition }) => ({ definition, instance: instances.get(target)! }));
}

/** Throws the errors among the problems as one; warnings are no reason to stop. */
export function throwErrors(problems: readonly Problem[]): void {
  const [first, ...others] = problems.filter(({ level }) => level === "error");
  if (first !== undefined) throw new DefinitionError([first, ...others]);
}

async function instanceOf({ type, instance }: Target, container: Container | undefined): Promise<object> {
  if (instance !== undefined) return instance;
  const made: unknown =
    container === undefined ? new (type as new () => unknown)() : await container.get(type as ConcreteClass);
  if (typeof made === "object" && made !== null) return made;
  const name = nameOf(type);
  const message = `${name}: the container gave ${String(made)}; make it give an instance of ${name}`;
  throw new DefinitionError([appProblem("constructor-arguments", name, message)]);
}
