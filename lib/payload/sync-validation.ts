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

/**
 * class-validator's synchronous validation, but one that notices rules that answer with a promise: `validateSync`
 * leaves out those registered with `async: true`, and takes the promise of any other for a yes.
 *
 * @see https://github.com/typestack/class-validator#synchronous-validation
 */
export class SyncValidation {
  readonly #validator: ClassValidator;
  readonly #watched = new Map<unknown, Constraint[]>();
  #late = false;

  constructor(validator: ClassValidator) {
    this.#validator = validator;
  }

  /** @returns undefined when a rule that applies answers with a promise: validate asynchronously then */
  validate(object: object, options: ValidatorOptions): ValidationError[] | undefined {
    const storage = this.#validator.getMetadataStorage();
    // oxlint-disable-next-line typescript/unbound-method -- only called with its storage, and put back as it was
    const lookUp = storage.getTargetValidatorConstraints;
    this.#late = false;
    // The look-up is the one place that every rule passes, nested and inherited ones included. It is put back before
    // anything else can run, and by assignment: `delete` would make the storage slow for good.
    storage.getTargetValidatorConstraints = (target) => {
      let watched = this.#watched.get(target);
      if (watched === undefined) {
        watched = lookUp.call(storage, target).map((constraint) => new WatchedConstraint(constraint, this.#notice));
        this.#watched.set(target, watched);
      }
      if (watched.some((constraint) => constraint.async)) this.#late = true;
      return watched;
    };
    try {
      const errors = this.#validator.validateSync(object, options);
      return this.#late ? undefined : errors;
    } finally {
      storage.getTargetValidatorConstraints = lookUp;
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
