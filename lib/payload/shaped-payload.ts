import type { ValidationError } from "class-validator";
import type { PayloadIssue } from "../model/errors.js";
import { isPromise } from "../model/maybe-promise.js";
import { type Checked, failed, maxIssues } from "./check.js";
import { elementPath, memberPath } from "../model/payload-issues.js";
import type { TypeRecord } from "./class-packages.js";
import { plainToClass, type Member, type Property, type RuleRecord, type Shape, type Shapes } from "./class-shape.js";
import { isPlain, membersPerItem, plainCopy, type Limits } from "./plain-copy.js";
import { issuesOf, type IssueSink } from "./validation-issues.js";

export interface ReadingOptions extends Limits {
  readonly whitelist: boolean;
  readonly forbidNonWhitelisted: boolean;
  readonly forbidUnknownValues: boolean;
}

export interface Wording extends Omit<IssueSink, "issues" | "ruleless"> {
  /** Has class-validator run the rules given on an object, and nothing else. */
  readonly errorsOf: (object: object, rules: readonly RuleRecord[]) => readonly ValidationError[] | undefined;
  /** Told each member that is left out since its class has no rule for it. */
  readonly dropped: (type: Shape["type"], member: string) => void;
  /** Says that an object has no class to be checked by. */
  readonly unknownValue: (path: string, value: object) => PayloadIssue;
  readonly notAnObject: (value: unknown, path: string) => PayloadIssue;
  /** Says what a function of the user's own threw. */
  readonly unreadable: (error: unknown, path: string) => PayloadIssue;
}

/**
 * Reads one payload by the shapes of its classes: what class-transformer and class-validator would make of it, in one
 * pass over what counts. Whatever is not known to come out the same makes it give up, and the packages do it
 * themselves.
 *
 * Its time is linear in the size of the payload, which theirs is not: class-transformer compares every member of an
 * object with every other, and class-validator asks every class of the process for each object.
 */
export class ShapedReading {
  #items = 0;
  #members = 0;
  #hasGivenUp = false;
  /** True once a part of the payload has not been read, and so not been counted. */
  #isPartial = false;
  /** Members to be refused, by the instance that they would be members of. */
  readonly #foreign = new Map<object, readonly string[]>();

  constructor(
    private readonly shapes: Shapes,
    private readonly options: ReadingOptions,
    private readonly wording: Wording,
  ) {}

  /** Undefined when it gives up. */
  check(shape: Shape, value: unknown): Checked | undefined {
    const issues: PayloadIssue[] = [];
    const instance = this.#checkOne(shape, value, "", 1, issues);
    return this.#outcome(value, instance, issues);
  }

  /** The same for a list. */
  checkAll(shape: Shape, list: readonly unknown[]): Checked | undefined {
    const issues: PayloadIssue[] = [];
    const instances: unknown[] = [];
    this.#items = list.length;
    for (const [index, element] of list.entries()) {
      instances.push(this.#checkOne(shape, element, elementPath("", index), 2, issues));
      if (this.#hasGivenUp) return undefined;
      if (issues.length <= maxIssues) continue;
      this.#isPartial = true;
      break;
    }
    return this.#outcome(list, instances, issues);
  }

  /** A payload that is too large is reported as that, even where what was read of it is wrong already. */
  #outcome(payload: unknown, value: unknown, issues: readonly PayloadIssue[]): Checked | undefined {
    if (this.#hasGivenUp) return undefined;
    if (this.#isPartial && "issue" in plainCopy(payload, this.options, "constructor")) return undefined;
    return issues.length === 0 ? { value } : failed(issues);
  }

  #checkOne(shape: Shape, value: unknown, path: string, depth: number, issues: PayloadIssue[]): object | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      issues.push(this.wording.notAnObject(value, path));
      return undefined;
    }
    const before = issues.length;
    try {
      const instance = this.#instanceOf(shape, value, depth, depth > 1);
      if (instance === undefined || this.#isValid(shape, instance)) return instance;
      this.#addIssues(shape, instance, path, issues);
      if (issues.length === before) this.#giveUp();
    } catch (error) {
      this.#isPartial = true;
      issues.splice(before, Infinity, this.wording.unreadable(error, path));
    }
    return undefined;
  }

  #instanceOf(shape: Shape, source: object, depth: number, isElement: boolean): object | undefined {
    const keys = Object.keys(source);
    if (!isPlain(source) || !this.#enter(keys.length, depth, isElement)) return this.#giveUp();
    const { whitelist, forbidNonWhitelisted } = this.options;
    const { members, namesIn, showsPayload, type } = shape;
    const given = (showsPayload ? { ...source } : source) as Readonly<Record<string, unknown>>;
    const instance = new type() as Record<string, unknown>;
    const foreign: string[] = [];
    for (const name of namesIn?.(source) ?? keys) {
      if (name === "__proto__") return this.#giveUp();
      if (name === "constructor") continue;
      let member = members.get(name);
      if (member === undefined) {
        const value = given[name];
        if (typeof value === "object" && value !== null && !this.#measure(value, depth + 1, false)) return undefined;
        if (forbidNonWhitelisted) {
          if (namesIn !== undefined) return this.#giveUp();
          if (value === undefined && Object.hasOwn(instance, name)) instance[name] = undefined;
          else if (value !== undefined && !(name in type.prototype)) foreign.push(name);
          continue;
        }
        if (whitelist) {
          if (Object.hasOwn(source, name)) this.wording.dropped(type, name);
          continue;
        }
        if (namesIn !== undefined || name in instance) return this.#giveUp();
        member = this.shapes.memberOf(type, name);
        if (member === undefined) return this.#giveUp();
      }
      const value = this.#valueOf(member, given, name, instance, depth);
      if (this.#hasGivenUp) return undefined;
      if (typeof instance[member.property] === "function") return this.#giveUp();
      instance[member.property] = value;
    }
    // Defaults that were not sent have not been read, and so not been rid of what has no rule.
    for (const { name, givenAs } of shape.nested) {
      const isObject = typeof instance[name] === "object" && instance[name] !== null;
      if (isObject && !givenAs.some((as) => Object.hasOwn(source, as))) return this.#giveUp();
    }
    if (forbidNonWhitelisted) this.#refuse(shape, instance, foreign);
    else if (whitelist) rid(shape, instance);
    return instance;
  }

  /** Fields that the class gives an instance come before what only the payload has. */
  #refuse({ ruled }: Shape, instance: Readonly<Record<string, unknown>>, foreign: readonly string[]): void {
    const fields = Object.keys(instance).filter((name) => {
      if (ruled.has(name)) return false;
      return foreign.includes(name) || (instance[name] !== undefined && typeof instance[name] !== "function");
    });
    const names = [...new Set([...fields, ...foreign])];
    if (names.length > 0) this.#foreign.set(instance, names);
  }

  /** True when all rules of an instance that was read hold; false as well when it has given up. */
  #isValid(shape: Shape, instance: object): boolean {
    if (this.#foreign.has(instance)) return false;
    for (const property of shape.properties) {
      const value = (instance as Readonly<Record<string, unknown>>)[property.name];
      if (!applies(property, instance, value)) continue;
      if (!this.#holds(property, instance, value)) return false;
      if (property.isNested && value !== undefined && !this.#isNestedValid(value)) return false;
    }
    return !this.#hasGivenUp;
  }

  /** Adds what is wrong with an instance that was read, in class-validator's words and order. */
  #addIssues(shape: Shape, instance: object, path: string, issues: PayloadIssue[]): void {
    for (const name of this.#foreign.get(instance) ?? []) {
      const message = `property ${name} should not exist`;
      issues.push({
        path: memberPath(path, this.wording.nameOf(instance, name)),
        message,
        rule: "whitelistValidation",
      });
      if (issues.length > maxIssues) return;
    }
    for (const property of shape.properties) {
      if (issues.length > maxIssues || this.#hasGivenUp) return;
      const value = (instance as Readonly<Record<string, unknown>>)[property.name];
      if (!applies(property, instance, value)) continue;
      const isScalar = property.isNested && value !== undefined && !isObject(value);
      if (isScalar || !this.#holds(property, instance, value)) {
        this.#word(instance, isScalar ? property.all : property.own, path, issues);
      }
      if (!property.isNested || !isObject(value)) continue;
      this.#addNested(
        instance,
        property,
        value,
        memberPath(path, this.wording.nameOf(instance, property.name)),
        issues,
      );
    }
  }

  #addNested(instance: object, property: Property, value: object, path: string, issues: PayloadIssue[]): void {
    if (!Array.isArray(value)) {
      const shape = this.shapes.of(value.constructor);
      if (shape !== undefined) this.#addIssues(shape, value, path, issues);
      else if (value.constructor === Object) issues.push(this.wording.unknownValue(path, value));
      else this.#giveUp();
      return;
    }
    for (const [index, element] of value.entries()) {
      if (issues.length > maxIssues) return;
      if (element === undefined) continue;
      // Most elements of a long list are valid, and need no path.
      if (isObject(element) && this.#isNestedValid(element)) continue;
      if (isObject(element)) this.#addNested(instance, property, element, elementPath(path, index), issues);
      else this.#wordElement(instance, property, index, element, path, issues);
    }
  }

  #valueOf(member: Member, given: Readonly<Record<string, unknown>>, name: string, instance: object, depth: number) {
    const { property, typed, transforms } = member;
    let value = given[name];
    if (typed === undefined) {
      if (typeof value === "object") value = this.#copyOf(value, depth + 1, false);
    } else {
      const type: unknown =
        typed.typeFunction === undefined
          ? typed.reflectedType
          : typed.typeFunction({ newObject: instance, object: given, property });
      if (Array.isArray(value) && !isListType(typed.reflectedType)) return this.#giveUp();
      value =
        typed.options?.discriminator === undefined
          ? this.#converted(type, value, depth + 1, false)
          : this.#ofSubType(typed, type, value, depth + 1);
    }
    for (const transform of transforms) {
      if (this.#hasGivenUp) return undefined;
      value = transform({ value, key: property, obj: given, type: plainToClass, options: transformOptions });
    }
    return value;
  }

  #converted(type: unknown, value: unknown, depth: number, isElement: boolean): unknown {
    if (Array.isArray(value))
      return this.#listOf(value, depth, (element) => this.#converted(type, element, depth + 1, true));
    if (value === null || value === undefined) return value;
    if (isObject(value)) {
      if (type === undefined || type === Object) return this.#copyOf(value, depth, isElement);
      const shape = this.shapes.of(type);
      if (shape !== undefined) return this.#instanceOf(shape, value, depth, isElement);
      if (!isPlain(value) || !this.#measure(value, depth, isElement)) return this.#giveUp();
    }
    switch (type) {
      case String:
        // oxlint-disable-next-line typescript/no-base-to-string -- what class-transformer makes of an object, too
        return String(value);
      case Number:
        return Number(value);
      case Boolean:
        return Boolean(value);
      case Date:
        return new Date(value as string);
      case undefined:
        return value;
      default:
        return isObject(value) || this.shapes.of(type) === undefined ? this.#giveUp() : value;
    }
  }

  /** An object, or each of a list, as the class that one of its members names; that member is not the class's own. */
  #ofSubType({ options }: TypeRecord, otherwise: unknown, value: unknown, depth: number, isElement = false): unknown {
    const { property, subTypes } = options!.discriminator!;
    if (Array.isArray(value) && !isElement) {
      return this.#listOf(value, depth, (element) =>
        element === null || element === undefined
          ? this.#giveUp()
          : this.#ofSubType({ options } as TypeRecord, otherwise, element, depth + 1, true),
      );
    }
    if (!isObject(value) || Array.isArray(value) || !(property in value)) {
      return this.#converted(otherwise, value, depth, isElement);
    }
    const named = (value as Readonly<Record<string, unknown>>)[property];
    const type = subTypes.find(({ name }) => name === named)?.value ?? otherwise;
    if (options?.keepDiscriminatorProperty === true) return this.#converted(type, value, depth, isElement);
    const { [property]: _, ...rest } = value as Readonly<Record<string, unknown>>;
    this.#members++;
    return this.#converted(type, rest, depth, isElement);
  }

  /** What no type is known of is copied, less what the name of a method of every object stands for. */
  #copyOf(value: unknown, depth: number, isElement: boolean): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return this.#listOf(value, depth, (element) => this.#copyOf(element, depth + 1, true));
    const keys = Object.keys(value);
    if (!isPlain(value) || !this.#enter(keys.length, depth, isElement)) return this.#giveUp();
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      if (key === "__proto__") return this.#giveUp();
      if (key in Object.prototype) continue;
      const member = (value as Readonly<Record<string, unknown>>)[key];
      copy[key] = typeof member === "object" ? this.#copyOf(member, depth + 1, false) : member;
      if (this.#hasGivenUp) return undefined;
    }
    return copy;
  }

  #listOf(list: readonly unknown[], depth: number, elementOf: (element: unknown) => unknown): unknown {
    if (depth > this.options.maxDepth || !this.#count(list.length)) return this.#giveUp();
    const result: unknown[] = [];
    for (const element of list) {
      result.push(elementOf(element));
      if (this.#hasGivenUp) return undefined;
    }
    return result;
  }

  /** Counts what is left out: the limits are those of the payload, not of what is taken from it. */
  #measure(value: object, depth: number, isElement: boolean): boolean {
    if (Array.isArray(value)) {
      if (depth > this.options.maxDepth || !this.#count(value.length)) return this.#giveUpOn();
      return value.every((element) => !isObject(element) || this.#measure(element, depth + 1, true));
    }
    if (!isPlain(value)) return true;
    const keys = Object.keys(value);
    if (!this.#enter(keys.length, depth, isElement)) return this.#giveUpOn();
    for (const key of keys) {
      if (key === "__proto__") return this.#giveUpOn();
      const member = (value as Readonly<Record<string, unknown>>)[key];
      if (isObject(member) && !this.#measure(member, depth + 1, false)) return false;
    }
    return true;
  }

  #enter(members: number, depth: number, isElement: boolean): boolean {
    this.#members += members;
    return (
      depth <= this.options.maxDepth &&
      (isElement || this.#count(1)) &&
      this.#members <= this.options.maxItems * membersPerItem
    );
  }

  #count(more: number): boolean {
    this.#items += more;
    return this.#items <= this.options.maxItems;
  }

  #holds({ name, rules }: Property, object: object, value: unknown): boolean {
    for (const { each, constraints, appliesTo, validate } of rules) {
      if (appliesTo !== undefined && !appliesTo(object, value)) continue;
      const args = { targetName: object.constructor.name, property: name, object, value, constraints };
      if (each && Array.isArray(value)) {
        // All of them, as class-validator does: a rule of the user's own may count.
        let holds = true;
        for (const element of value) if (!this.#isYes(validate(element, args))) holds = false;
        if (!holds) return false;
      } else if (each && (value instanceof Set || value instanceof Map)) {
        return this.#giveUpOn();
      } else if (!this.#isYes(validate(value, args))) {
        return false;
      }
    }
    return true;
  }

  /** A promise is for the asynchronous check to wait for, which asks again. */
  #isYes(answer: unknown): boolean {
    if (!isPromise(answer)) return Boolean(answer);
    answer.then(undefined, () => undefined);
    return this.#giveUpOn();
  }

  #isNestedValid(value: unknown): boolean {
    if (Array.isArray(value)) {
      for (const element of value) {
        if (element !== undefined && !this.#isNestedValid(element)) return false;
      }
      return true;
    }
    if (typeof value !== "object" || value === null) return false;
    const shape = this.shapes.of(value.constructor);
    if (shape !== undefined) return this.#isValid(shape, value);
    return value.constructor === Object && this.options.forbidUnknownValues ? false : this.#giveUpOn();
  }

  #word(object: object, rules: readonly RuleRecord[], path: string, issues: PayloadIssue[]): void {
    const errors = this.wording.errorsOf(object, rules);
    // Rules that answer otherwise the second time are nobody's to interpret.
    if (errors === undefined || errors.length === 0) return this.#giveUp();
    issuesOf(errors, path, { ...this.wording, issues, ruleless: [] });
  }

  /** An element that should be an object: class-validator words it in a list of that element alone. */
  #wordElement(
    object: object,
    { name, all, own }: Property,
    index: number,
    element: unknown,
    path: string,
    issues: PayloadIssue[],
  ): void {
    const holder = Object.create(Object.getPrototypeOf(object) as object, {
      [name]: { value: [element], enumerable: true },
    }) as object;
    const nested = all.filter((record) => !own.includes(record));
    const [child] = this.wording.errorsOf(holder, nested)?.[0]?.children ?? [];
    if (child === undefined) return this.#giveUp();
    child.property = String(index);
    issuesOf([child], path, { ...this.wording, issues, ruleless: [] });
  }

  #giveUp(): undefined {
    this.#hasGivenUp = true;
    return undefined;
  }

  /** The same as a boolean. */
  #giveUpOn(): false {
    this.#hasGivenUp = true;
    return false;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Takes away fields that its class gives an instance and has no rule for, as class-validator does. */
function rid({ ruled }: Shape, instance: Record<string, unknown>): void {
  for (const name of Object.keys(instance)) if (!ruled.has(name)) delete instance[name];
}

/** All conditions are asked, as class-validator does. */
function applies({ conditions }: Property, object: object, value: unknown): boolean {
  let does = true;
  for (const condition of conditions) if (!condition(object, value)) does = false;
  return does;
}

/** False for what class-transformer makes a list of another kind for, going by the declared type of a property. */
function isListType(declared: unknown): boolean {
  if (typeof declared !== "function" || declared === Array) return true;
  return declared !== Map && declared !== Set && declared !== Promise && !("push" in (declared.prototype as object));
}

/** class-transformer's defaults, which functions of the user's own are shown. */
const transformOptions = Object.freeze({
  enableCircularCheck: false,
  enableImplicitConversion: false,
  excludeExtraneousValues: false,
  excludePrefixes: undefined,
  exposeDefaultValues: false,
  exposeUnsetFields: true,
  groups: undefined,
  ignoreDecorators: false,
  strategy: undefined,
  targetMaps: undefined,
  version: undefined,
});
