// Imported for its effect: the declared types of a method must be recorded before its decorators run.
import "./design-types.js";
import { DefinitionError, type ProblemCode } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import { sign } from "../payload/recording.js";
import type { BindingDecoratorName } from "./binding-types.js";

// Node 20 has no Symbol.metadata; compilers and other libraries fall back to the same registered symbol.
const holder = Symbol as unknown as { metadata?: symbol };
holder.metadata ??= Symbol.for("Symbol.metadata");

/** Named by version: two copies of this library that disagree on the shape of a record do not read each other's. */
const bagKey = Symbol.for("dapr-functions/metadata/v1");

export type DecoratorName = BindingDecoratorName | "FunctionName" | "Flush" | "Retry";

/** One decorator as it was written: its name, and what it was given. */
export interface MethodRecord {
  readonly decorator: DecoratorName;
  readonly argument: unknown;
  /** True of an output whose items are checked again where they arrive, as the payload of a topic that is an object. */
  readonly ofTopic?: boolean;
}

/** A method with decorators, as its class or the nearest class above declares it. */
export interface MethodMetadata {
  readonly method: string;
  /** The class whose decorators count. */
  readonly owner: Class;
  /** In the order of the source, top to bottom. */
  readonly records: readonly MethodRecord[];
}

/** Method name → records in the order in which they were evaluated, which is bottom to top. */
type Bag = Map<string, MethodRecord[]>;

type MetadataObject = Record<symbol, unknown>;

/**
 * Records one decorator of a method in the metadata of its class. Takes the arguments of either dialect: `target`, key
 * and descriptor with `experimentalDecorators`, the method and its context without.
 *
 * @throws DefinitionError `method-unsupported` where the decorated member is not a public instance method with a textual
 *   name, `metadata-unavailable` where the compiler gives standard decorators no metadata object
 */
export function recordOnMethod(
  target: unknown,
  keyOrContext: unknown,
  descriptor: unknown,
  record: MethodRecord,
): void {
  const isLegacy = !isContext(keyOrContext);
  const member = isLegacy
    ? legacyMember(target, keyOrContext, descriptor, record)
    : standardMember(keyOrContext, record);
  sign(member.metadata, isLegacy);
  const bag = bagOf(member.metadata);
  const records = bag.get(member.name);
  if (records === undefined) bag.set(member.name, [record]);
  else records.push(record);
}

/** The decorated methods of a class, those of its parents first; a method decorated again replaces its parent's. */
export function methodsOf(type: Class): MethodMetadata[] {
  const methods = new Map<string, MethodMetadata>();
  for (const owner of lineage(type)) {
    const metadata = ownProperty(owner, holder.metadata!) as MetadataObject | null | undefined;
    const bag = metadata == null ? undefined : (ownProperty(metadata, bagKey) as Bag | undefined);
    for (const [method, records] of bag ?? []) methods.set(method, { method, owner, records: [...records].reverse() });
  }
  return [...methods.values()];
}

/** The class and those above it, the topmost first. */
function lineage(type: Class): Class[] {
  const classes: Class[] = [];
  for (let at: unknown = type; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    classes.unshift(at as unknown as Class);
  }
  return classes;
}

function bagOf(metadata: MetadataObject): Bag {
  const existing = ownProperty(metadata, bagKey) as Bag | undefined;
  if (existing !== undefined) return existing;
  const bag: Bag = new Map();
  Object.defineProperty(metadata, bagKey, { value: bag });
  return bag;
}

interface Member {
  readonly name: string;
  readonly metadata: MetadataObject;
}

function isContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value && "addInitializer" in value;
}

function standardMember(context: DecoratorContext, record: MethodRecord): Member {
  const { kind, name } = context;
  if (kind !== "method") throw unsupported(record, undefined, name, kind === "class" ? "a class" : an(kind));
  if (context.private) throw unsupported(record, undefined, name, "a private method");
  if (context.static) throw unsupported(record, undefined, name, "a static method");
  if (typeof name === "symbol") throw unsupported(record, undefined, name, "a method named by a symbol");
  // Typed as always there, but the compiler reads Symbol.metadata when the class is defined.
  const metadata = context.metadata as MetadataObject | null | undefined;
  if (metadata == null) {
    throw decoratorError(
      "metadata-unavailable",
      undefined,
      name,
      `the compiler gave @${record.decorator} no metadata object (context.metadata); import "dapr-functions" before the ` +
        "class is defined, and compile with TypeScript 5.2 or later, esbuild 0.21 or later, or swc with " +
        'decoratorVersion "2022-03" or later, or turn on experimentalDecorators',
    );
  }
  return { name, metadata };
}

function legacyMember(target: unknown, key: unknown, descriptor: unknown, record: MethodRecord): Member {
  const isStatic = typeof target === "function";
  const type = (isStatic ? target : (target as object | undefined)?.constructor) as
    (Class & { name: string }) | undefined;
  if (key === undefined)
    throw unsupported(record, type, "constructor", isStatic ? "a class" : "a constructor parameter");
  // Of a method that is named by a number, compilers give the number.
  const name = typeof key === "number" ? String(key) : (key as string | symbol);
  if (typeof descriptor === "number") throw unsupported(record, type, name, "a parameter");
  const property = (descriptor ?? {}) as PropertyDescriptor;
  if ("get" in property || "set" in property) throw unsupported(record, type, name, "an accessor");
  if (typeof property.value !== "function") throw unsupported(record, type, name, "a field");
  if (isStatic) throw unsupported(record, type, name, "a static method");
  if (typeof name === "symbol") throw unsupported(record, type, name, "a method named by a symbol");
  return { name, metadata: metadataOf(type!) };
}

/** Makes, for the legacy dialect, the object that compilers of standard decorators make. */
function metadataOf(type: Class): MetadataObject {
  const existing = ownProperty(type, holder.metadata!) as MetadataObject | undefined;
  if (existing !== undefined) return existing;
  const inherited = (type as unknown as MetadataObject)[holder.metadata!] as object | null | undefined;
  const metadata = Object.create(inherited ?? null) as MetadataObject;
  Object.defineProperty(type, holder.metadata!, { value: metadata, configurable: true, writable: true });
  return metadata;
}

function ownProperty(object: object, key: symbol): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

function an(kind: string): string {
  if (kind === "getter" || kind === "setter") return "an accessor";
  return kind === "accessor" ? "an accessor" : `a ${kind}`;
}

function unsupported(
  record: MethodRecord,
  type: { readonly name: string } | undefined,
  name: string | symbol | undefined,
  what: string,
): DefinitionError {
  return decoratorError(
    "method-unsupported",
    type?.name,
    String(name),
    `@${record.decorator} stands on ${what}; decorate a public instance method with a textual name`,
  );
}

function decoratorError(code: ProblemCode, type: string | undefined, method: string, text: string): DefinitionError {
  const place = type === undefined ? method : `${type}.${method}`;
  return new DefinitionError([{ code, level: "error", class: type, method, message: `${place}: ${text}` }]);
}
