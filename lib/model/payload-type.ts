/** A class as decorators and options take it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a class with any constructor; `unknown[]` refuses all but the empty one
export type Class<T = unknown> = abstract new (...args: any[]) => T;

/** A class that can be instantiated, as containers take it. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type ConcreteClass<T = unknown> = new (...args: any[]) => T;

/**
 * The part of a Standard Schema (zod, valibot, arktype …) that is used here.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What every Standard Schema has. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a Standard Schema makes of a value. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** One thing wrong with a value, as a Standard Schema says it. */
export interface StandardIssue {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What a payload or a value is checked against: a class with class-validator's and class-transformer's decorators, a
 * list of one (`[Order]`), or a Standard Schema.
 */
export type PayloadType<T = unknown> = Class<T> | readonly [Class] | StandardSchema<unknown, T>;

/** True for what has `~standard`, functions included: a schema of arktype is one. */
export function isStandardSchema(type: unknown): type is StandardSchema {
  return ((typeof type === "object" && type !== null) || typeof type === "function") && "~standard" in type;
}

/** True for a class of the language or of Node. Also of another realm: under jest a spec's `Array` is one that Node's modules do not know. */
export function isBuiltIn(type: unknown): boolean {
  if (typeof type !== "function") return false;
  const global = (globalThis as Record<string, unknown>)[type.name];
  return global === type || Function.prototype.toString.call(type).includes("[native code]");
}
