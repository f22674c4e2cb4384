import type {
  ValidationArguments,
  ValidationError,
  ValidatorConstraintInterface,
  ValidatorOptions,
} from "class-validator";
import { isPromise } from "../model/maybe-promise.js";
import type { ClassValidator } from "./class-packages.js";

type Storage = ReturnType<ClassValidator["getMetadataStorage"]>;
type Constraint = ReturnType<Storage["getTargetValidatorConstraints"]>[number];
type Rule = ReturnType<Storage["getTargetValidationMetadatas"]>[number];

/**
 * class-validator's synchronous validation, but one that notices rules that answer with a promise: `validateSync`
 * leaves out those registered with `async: true`, and takes the promise of any other for a yes.
 *
 * @see https://github.com/typestack/class-validator#synchronous-validation
 */
export class SyncValidation {
  readonly #validator: ClassValidator;
  readonly #watched = new Map<unknown, Constraint[]>();
  /** By class: validation here knows neither groups nor schemas, which the look-up would depend on as well. */
  readonly #rules = new Map<unknown, Rule[]>();
  readonly #grouped = new WeakMap<object, Record<string, Rule[]>>();
  #late = false;

  constructor(validator: ClassValidator) {
    this.#validator = validator;
  }

  /**
   * @param only rules to check instead of all that the object's class has; of nested objects none are checked then
   * @returns undefined when a rule that applies answers with a promise: validate asynchronously then
   */
  validate(object: object, options: ValidatorOptions, only?: readonly Rule[]): ValidationError[] | undefined {
    const storage = this.#validator.getMetadataStorage();
    // oxlint-disable-next-line typescript/unbound-method -- only called with their storage, and put back as they were
    const { getTargetValidatorConstraints, getTargetValidationMetadatas, groupByPropertyName } = storage;
    this.#late = false;
    // The look-ups are what every rule passes, nested and inherited ones included. They are put back before anything
    // else can run, and by assignment: `delete` would make the storage slow for good.
    storage.getTargetValidatorConstraints = (target) => {
      let watched = this.#watched.get(target);
      if (watched === undefined) {
        const found = getTargetValidatorConstraints.call(storage, target);
        watched = found.map((constraint) => new WatchedConstraint(constraint, this.#notice));
        this.#watched.set(target, watched);
      }
      if (watched.some((constraint) => constraint.async)) this.#late = true;
      return watched;
    };
    // It goes through the rules of all classes of the process for each object.
    storage.getTargetValidationMetadatas = (type, ...rest) => {
      if (only !== undefined) return type === object.constructor ? [...only] : [];
      let rules = this.#rules.get(type);
      if (rules === undefined)
        this.#rules.set(type, (rules = getTargetValidationMetadatas.call(storage, type, ...rest)));
      return rules;
    };
    storage.groupByPropertyName = (rules) => {
      let grouped = this.#grouped.get(rules);
      if (grouped === undefined) this.#grouped.set(rules, (grouped = groupByPropertyName.call(storage, rules)));
      return grouped;
    };
    try {
      const errors = this.#validator.validateSync(object, options);
      return this.#late ? undefined : errors;
    } finally {
      Object.assign(storage, { getTargetValidatorConstraints, getTargetValidationMetadatas, groupByPropertyName });
    }
  }

  readonly #notice = (): void => {
    this.#late = true;
  };
}

/** A rule and its registration in one object, which calls the real one and reports a promise. */
class WatchedConstraint implements Constraint, ValidatorConstraintInterface {
  readonly #constraint: Constraint;
  readonly #notice: () => void;

  constructor(constraint: Constraint, notice: () => void) {
    this.#constraint = constraint;
    this.#notice = notice;
  }

  get target(): Constraint["target"] {
    return this.#constraint.target;
  }

  get name(): string {
    return this.#constraint.name;
  }

  get async(): boolean {
    return this.#constraint.async;
  }

  get instance(): ValidatorConstraintInterface {
    return this;
  }

  validate(value: unknown, args?: ValidationArguments): boolean {
    const answer = this.#constraint.instance.validate(value, args);
    if (!isPromise(answer)) return answer;
    this.#notice();
    // The rule runs again in the asynchronous validation, which reports its failure.
    answer.then(undefined, () => undefined);
    return true;
  }

  defaultMessage(args?: ValidationArguments): string {
    return this.#constraint.instance.defaultMessage?.(args) ?? "";
  }
}
