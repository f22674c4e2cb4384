import type { ClassTransformer } from "./class-packages.js";

/** What a payload calls the properties of a class: `@Expose({ name })` may give another name than the class does. */
export class PayloadNames {
  readonly #transformer: ClassTransformer;
  readonly #known = new Map<object, Map<string, string>>();

  constructor(transformer: ClassTransformer) {
    this.#transformer = transformer;
  }

  of(object: object, property: string): string {
    const prototype = Object.getPrototypeOf(object) as object;
    let names = this.#known.get(prototype);
    if (names === undefined) this.#known.set(prototype, (names = new Map<string, string>()));
    let name = names.get(property);
    if (name === undefined) names.set(property, (name = this.#find(prototype, property)));
    return name;
  }

  /** class-transformer does not publish its metadata, so it is asked to convert an object that has the property alone. */
  #find(prototype: object, property: string): string {
    const marker = `the value of ${property}`;
    const probe = Object.create(prototype, { [property]: { value: marker, enumerable: true } }) as object;
    try {
      const plain = this.#transformer.instanceToPlain(probe);
      return Object.keys(plain).find((name) => plain[name] === marker) ?? property;
    } catch {
      // A getter or a conversion of the user's own that needs more than one property.
      return property;
    }
  }
}
