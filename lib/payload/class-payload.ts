import type { ValidationError } from "class-validator";
import type { PayloadIssue } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import { type Check, type Checked, type CheckOptions, failed, maxIssues, placeAt } from "./check.js";
import { elementPath, memberPath } from "../model/payload-issues.js";
import { asError, kindOf } from "../model/values.js";
import { type ClassValidator, packagesOf } from "./class-packages.js";
import type { PayloadPackages } from "./payload-packages.js";
import { type RuleRecord, Shapes } from "./class-shape.js";
import { type Limits, plainCopy } from "./plain-copy.js";
import { ShapedReading } from "./shaped-payload.js";
import { SyncValidation } from "./sync-validation.js";
import { PayloadNames } from "./payload-names.js";
import { issuesOf, wordingOf } from "./validation-issues.js";

export interface ClassCheckOptions extends Limits {
  readonly whitelist: boolean;
  readonly forbidNonWhitelisted: boolean;
  readonly forbidUnknownValues: boolean;
  readonly onDropped?: CheckOptions["onDropped"];
  readonly packages?: PayloadPackages | undefined;
}

/**
 * Members of one object that are handed to class-transformer, which compares each with every other: a millisecond for
 * these, and a hundred times that for ten times as many.
 */
const maxMembers = 1000;

/** An object to run the rules of its class on; `keep` when it is the user's own and must not be changed. */
interface ToValidate {
  readonly object: object;
  readonly keep: boolean;
}

/** Errors of the rules, or what a rule threw. */
type Verdict = readonly ValidationError[] | Error;
type Steps<T> = Generator<ToValidate, T, Verdict>;

/**
 * A check by the rules of a class, or of each element of a list by those of its class.
 *
 * A class that has no rule is converted and what it holds is checked by its own classes. The check is synchronous
 * until a rule answers with a promise, and asynchronous from then on.
 *
 * @see https://github.com/typestack/class-validator
 */
export function compileClassCheck(
  type: Class | readonly [Class],
  options: ClassCheckOptions,
  { byShape = true }: { readonly byShape?: boolean } = {},
): Check {
  const elementType = (Array.isArray(type) ? type[0] : type) as Class<object> & (new () => object);
  const isList = Array.isArray(type);
  const { transformer, transformerStorage, validator } = packagesOf(elementType, options.packages);
  const names = new PayloadNames(transformer);
  const rules = validator && new Rules(validator, options);
  const sink = {
    isRuleless: (object: object) => rules?.has(object) !== true,
    nameOf: (object: object, property: string) => names.of(object, property),
  };
  const shapes =
    byShape && validator && transformerStorage && new Shapes(transformerStorage, validator.getMetadataStorage());
  const wording = {
    ...sink,
    errorsOf: (object: object, records: readonly RuleRecord[]) => rules?.errorsOf(object, records),
    dropped: (type: Class, property: string) => options.onDropped?.(type, property),
    unknownValue: (path: string, value: object) => ({
      path,
      message: wordingOf("unknownValue", "", path, value),
      rule: "unknownValue",
    }),
    notAnObject: (value: unknown, path: string) => notAn("object", elementType, value, path),
    unreadable: (error: unknown, path: string) => unreadable(elementType, error, path),
  };
  let late = false;

  /** Undefined where the packages have to do it themselves. */
  function checkByShape(value: unknown): Checked | undefined {
    const shape = shapes ? shapes.of(elementType) : undefined;
    if (shape === undefined || (isList && (!Array.isArray(value) || value.length > options.maxItems))) return undefined;
    const reading = new ShapedReading(shapes as Shapes, options, wording);
    return isList ? reading.checkAll(shape, value as readonly unknown[]) : reading.check(shape, value);
  }

  function* checkOne(value: unknown, path: string, issues: PayloadIssue[]): Steps<unknown> {
    if (value instanceof elementType) {
      const own = yield* validate({ object: value, keep: true }, path);
      // A plain object nested in an instance has no rules before it is converted as well.
      if (own.every((issue) => issue.rule !== "unknownValue")) {
        issues.push(...own);
        return value;
      }
    }
    if (kindOf(value) !== "an object") {
      issues.push(notAn("object", elementType, value, path));
      return undefined;
    }
    let instance: object;
    try {
      instance = transformer.plainToInstance(elementType, value as object);
    } catch (error) {
      issues.push(unreadable(elementType, error, path));
      return undefined;
    }
    issues.push(...(yield* validate({ object: instance, keep: false }, path)));
    return instance;
  }

  function* validate(root: ToValidate, rootPath: string): Steps<PayloadIssue[]> {
    const issues: PayloadIssue[] = [];
    if (rules === undefined) return issues;
    const pending = [{ object: root.object, path: rootPath }];
    const seen = new Set<object>();
    for (const { object, path } of pending) {
      if (issues.length > maxIssues) break;
      if (rules.has(object)) {
        const verdict = yield { object, keep: root.keep };
        if (verdict instanceof Error) issues.push(unreadable(elementType, verdict, path));
        else if (verdict.length > 0) issuesOf(verdict, path, { ...sink, issues, ruleless: pending });
      } else if (!seen.has(object)) {
        seen.add(object);
        pending.push(...objectsIn(object, path));
      }
    }
    return issues;
  }

  function* checkAll(value: unknown): Steps<Checked> {
    // class-transformer takes an own property of that name for the class of an object that has no @Type.
    const plain = plainCopy(value, { ...options, maxMembers }, "constructor");
    if ("issue" in plain) return { issues: [plain.issue] };
    const issues: PayloadIssue[] = [];
    let result: unknown;
    if (!isList) {
      result = yield* checkOne(plain.copy, "", issues);
    } else if (Array.isArray(plain.copy)) {
      const list: unknown[] = [];
      for (const [index, element] of plain.copy.entries()) {
        list.push(yield* checkOne(element, elementPath("", index), issues));
        if (issues.length > maxIssues) break;
      }
      result = list;
    } else {
      issues.push(notAn("list", elementType, plain.copy, ""));
    }
    return issues.length === 0 ? { value: result } : failed(issues);
  }

  return (value) => {
    if (!late) {
      const checked = checkByShape(value) ?? runNow(checkAll(value), rules);
      if (checked !== undefined) return checked;
      late = true;
    }
    return runLate(checkAll(value), rules);
  };
}

/** The rules of class-validator under the options of one check. */
class Rules {
  readonly #validator: ClassValidator;
  readonly #sync: SyncValidation;
  readonly #changing;
  readonly #keeping;
  readonly #known = new Map<unknown, boolean>();

  constructor(validator: ClassValidator, { whitelist, forbidNonWhitelisted, forbidUnknownValues }: ClassCheckOptions) {
    this.#validator = validator;
    this.#sync = new SyncValidation(validator);
    this.#changing = { whitelist: whitelist || forbidNonWhitelisted, forbidNonWhitelisted, forbidUnknownValues };
    this.#keeping = { ...this.#changing, whitelist: forbidNonWhitelisted };
  }

  /** True when the class of an object, or one that it extends, has a rule. */
  has(object: object): boolean {
    const type = object.constructor;
    let has = this.#known.get(type);
    if (has === undefined) {
      const storage = this.#validator.getMetadataStorage();
      has = typeof type === "function" && storage.getTargetValidationMetadatas(type, "", false, false).length > 0;
      this.#known.set(type, has);
    }
    return has;
  }

  /** @returns undefined when a rule answers with a promise */
  validateNow({ object, keep }: ToValidate): Verdict | undefined {
    try {
      return this.#sync.validate(object, keep ? this.#keeping : this.#changing);
    } catch (error) {
      return asError(error);
    }
  }

  /** What class-validator says of some rules of an object; undefined when one of them answers with a promise. */
  errorsOf(object: object, records: readonly RuleRecord[]): readonly ValidationError[] | undefined {
    return this.#sync.validate(object, { forbidUnknownValues: false }, records);
  }

  async validateLate({ object, keep }: ToValidate): Promise<Verdict> {
    let errors: Promise<ValidationError[]>;
    try {
      errors = this.#validator.validate(object, keep ? this.#keeping : this.#changing);
    } catch (error) {
      return asError(error);
    }
    return errors;
  }
}

function runNow<T>(steps: Steps<T>, rules: Rules | undefined): T | undefined {
  let step = steps.next();
  while (!step.done) {
    const verdict = rules?.validateNow(step.value);
    if (verdict === undefined) return undefined;
    step = steps.next(verdict);
  }
  return step.value;
}

async function runLate<T>(steps: Steps<T>, rules: Rules | undefined): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next((await rules?.validateLate(step.value)) ?? []);
  return step.value;
}

function* objectsIn(container: object, path: string): Generator<{ object: object; path: string }> {
  if (container instanceof Date || ArrayBuffer.isView(container)) return;
  const isList = Array.isArray(container) || container instanceof Set;
  const entries =
    isList || container instanceof Map ? [...container.entries()] : (Object.entries(container) as [string, unknown][]);
  for (const [index, [key, value]] of entries.entries()) {
    if (typeof value !== "object" || value === null) continue;
    yield { object: value, path: isList ? elementPath(path, index) : memberPath(path, String(key)) };
  }
}

function notAn(kind: "object" | "list", type: Class, value: unknown, path: string): PayloadIssue {
  const due = kind === "object" ? `an object (${type.name})` : `a list of ${type.name}`;
  const given = kindOf(value);
  const hint = path === "" && (given === "text" || given === "bytes") ? "; send JSON" : "";
  const message = `${placeAt(path)} must be ${due}, not ${given}${hint}`;
  return { path, message, rule: kind === "object" ? "isObject" : "isArray" };
}

/** Conversions and rules of the user's own that trip over what a caller sent: the caller's to mend, and no failure. */
function unreadable(type: Class, error: unknown, path: string): PayloadIssue {
  return {
    path,
    message: `${placeAt(path)} cannot be read as ${type.name}: ${asError(error).message}`,
    rule: "unreadable",
  };
}
