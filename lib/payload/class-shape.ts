import type { ValidationArguments } from "class-validator";
import type { ConcreteClass } from "../model/payload-type.js";
import type { ClassValidator, TransformerStorage, TypeRecord } from "./class-packages.js";

type ValidatorStorage = ReturnType<ClassValidator["getMetadataStorage"]>;
export type RuleRecord = ReturnType<ValidatorStorage["getTargetValidationMetadatas"]>[number];
type ConstraintRecord = ReturnType<ValidatorStorage["getTargetValidatorConstraints"]>[number];

/** What both packages have recorded about a class, ready to be used. */
export interface Shape {
  readonly type: ConcreteClass<object>;
  /** What a payload may call a property that has a rule. */
  readonly members: ReadonlyMap<string, Member>;
  /** Such names in the order of class-transformer; undefined where they are those that the payload has. */
  readonly namesIn: ((source: object) => Iterable<string>) | undefined;
  /** True where a function of the user's own is shown the whole payload, which it might change. */
  readonly showsPayload: boolean;
  readonly properties: readonly Property[];
  /** Their names. */
  readonly ruled: ReadonlySet<string>;
  /** Properties that hold objects of other classes, with the names that a payload may give them. */
  readonly nested: readonly { readonly name: string; readonly givenAs: readonly string[] }[];
}

export interface Member {
  readonly property: string;
  readonly typed: TypeRecord | undefined;
  readonly transforms: readonly Transform[];
}

export type Transform = (params: {
  readonly value: unknown;
  readonly key: string;
  readonly obj: unknown;
  readonly type: number;
  readonly options: object;
}) => unknown;

/** A property and its rules, in the order in which class-validator runs them. */
export interface Property {
  readonly name: string;
  readonly conditions: readonly ((object: object, value: unknown) => unknown)[];
  readonly rules: readonly Rule[];
  readonly isNested: boolean;
  /** The records of its own rules, from which class-validator words what is wrong. */
  readonly own: readonly RuleRecord[];
  /** The same and that of `@ValidateNested`. */
  readonly all: readonly RuleRecord[];
}

export interface Rule {
  readonly each: boolean;
  readonly constraints: unknown[];
  readonly appliesTo: ((object: object, value: unknown) => boolean) | undefined;
  readonly validate: (value: unknown, args: ValidationArguments) => unknown;
}

/** `ValidationTypes` of class-validator. */
const kinds = {
  rule: "customValidation",
  defined: "isDefined",
  condition: "conditionalValidation",
  nested: "nestedValidation",
  allowed: "whitelistValidation",
} as const;

/** class-transformer's `TransformationType.PLAIN_TO_CLASS`. */
export const plainToClass = 0;

/** Makes and keeps the shapes of classes. */
export class Shapes {
  readonly #known = new Map<unknown, Shape | undefined>();

  constructor(
    private readonly transformer: TransformerStorage,
    private readonly validator: ValidatorStorage,
  ) {}

  /** Undefined where class-transformer or class-validator does something with the class that is not known here. */
  of(type: unknown): Shape | undefined {
    let shape = this.#known.get(type);
    if (shape === undefined && !this.#known.has(type)) this.#known.set(type, (shape = this.#make(type)));
    return shape;
  }

  /** What converts a member of a payload that no rule is about. */
  memberOf(type: ConcreteClass<object>, property: string): Member | undefined {
    const typed = this.transformer.findTypeMetadata(type, property);
    const recorded = this.transformer.findTransformMetadatas(type, property, plainToClass);
    if (typed !== undefined && !isPlainType(typed)) return undefined;
    const transforms = recorded.filter(({ options }) => !options?.groups?.length).map(({ transformFn }) => transformFn);
    return { property, typed, transforms };
  }

  #make(type: unknown): Shape | undefined {
    if (typeof type !== "function" || !isClass(type)) return undefined;
    const records = this.validator.getTargetValidationMetadatas(type, "", false, false);
    if (records.length === 0) return undefined;
    const grouped = this.validator.groupByPropertyName(records);
    const ruled = Object.keys(grouped);
    const prototype = type.prototype as object;
    if (hasSetter(prototype) || ruled.some((name) => name in prototype)) return undefined;

    const properties = ruled.map((name) => this.#propertyOf(name, grouped[name]!));
    const members = this.#membersOf(type, ruled);
    if (members === undefined || !properties.every((property) => property !== undefined)) return undefined;
    const nested = properties
      .filter(({ isNested }) => isNested)
      .map(({ name }) => {
        const given = [...members.byName].filter(([, { property }]) => property === name);
        return { name, givenAs: given.map(([as]) => as), isChanged: given.some(([, m]) => m.transforms.length > 0) };
      });
    if (nested.some(({ isChanged }) => isChanged)) return undefined;
    const showsPayload = [...members.byName.values()].some(
      ({ typed, transforms }) => transforms.length > 0 || (typed?.typeFunction?.length ?? 0) > 0,
    );
    return {
      type,
      members: members.byName,
      namesIn: members.namesIn,
      showsPayload,
      properties,
      ruled: new Set(ruled),
      nested,
    };
  }

  #propertyOf(name: string, records: readonly RuleRecord[]): Property | undefined {
    const ofKind = (kind: string): RuleRecord[] => records.filter((record) => record.type === kind);
    const known: readonly string[] = Object.values(kinds);
    const nested = ofKind(kinds.nested);
    if (nested.length > 1 || !records.every(({ type }) => known.includes(type))) return undefined;
    const rules = [...ofKind(kinds.defined), ...ofKind(kinds.rule)].map((record) => this.#rulesOf(record));
    if (!rules.every((each) => each !== undefined)) return undefined;
    return {
      name,
      conditions: ofKind(kinds.condition).map(({ constraints }) => constraints[0] as Property["conditions"][number]),
      rules: rules.flat(),
      isNested: nested.length === 1,
      own: records.filter(({ type }) => type !== kinds.nested),
      all: records,
    };
  }

  #rulesOf(record: RuleRecord): Rule[] | undefined {
    const constraints = this.validator.getTargetValidatorConstraints(record.constraintCls);
    if (constraints.some((constraint) => constraint.async)) return undefined;
    const { validateIf } = record as { validateIf?: Rule["appliesTo"] };
    return constraints.map((constraint) => ({
      each: record.each,
      constraints: record.constraints,
      appliesTo: validateIf,
      validate: validatorOf(constraint),
    }));
  }

  /** By the steps of class-transformer's `getKeys` and what it looks up for each key. */
  #membersOf(type: ConcreteClass<object>, ruled: readonly string[]) {
    const { transformer } = this;
    const exposed = transformer.getExposedMetadatas(type);
    if (exposed.some(({ options }) => options?.groups?.length)) return undefined;
    const strategy = transformer.getStrategy(type);
    const names = transformer
      .getExposedProperties(type, plainToClass)
      .map((name) => transformer.findExposeMetadata(type, name)?.options?.name ?? name);
    const excluded = new Set(transformer.getExcludedProperties(type, plainToClass));

    const byName = new Map<string, Member>();
    for (const name of [...ruled, ...exposed.flatMap(({ options }) => options?.name ?? [])]) {
      const property = exposed.find(({ options }) => options?.name === name)?.propertyName ?? name;
      if (!ruled.includes(property)) continue;
      const member = this.memberOf(type, property);
      if (member === undefined) return undefined;
      byName.set(name, member);
    }
    const isPlain = exposed.length === 0 && excluded.size === 0 && strategy === "none";
    const namesIn = (source: object): Iterable<string> => {
      const all = new Set(strategy === "excludeAll" ? names : [...Object.keys(source), ...names]);
      for (const name of excluded) all.delete(name);
      return all;
    };
    return { byName, namesIn: isPlain ? undefined : namesIn };
  }
}

/** Rules that class-validator's decorators make have no dependencies; a class of the user's own may come of a container. */
function validatorOf(constraint: ConstraintRecord): Rule["validate"] {
  if (constraint.target.name !== "CustomConstraint") {
    return (value, args) => constraint.instance.validate(value, args);
  }
  const { instance } = constraint;
  return (value, args) => instance.validate(value, args);
}

/** Maps and sets are left to class-transformer, and so is a discriminator that is not whole, which it ignores. */
function isPlainType({ options, reflectedType }: TypeRecord): boolean {
  const { property, subTypes } = options?.discriminator ?? { property: "any", subTypes: [] };
  return Boolean(property) && Array.isArray(subTypes) && reflectedType !== Map && reflectedType !== Set;
}

function isClass(type: object): type is ConcreteClass<object> {
  return !Function.prototype.toString.call(type).includes("[native code]");
}

function hasSetter(prototype: object): boolean {
  for (let at: object | null = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    if (Object.values(Object.getOwnPropertyDescriptors(at)).some((property) => property.set !== undefined)) return true;
  }
  return false;
}
