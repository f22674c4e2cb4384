// Fills Reflect.getMetadata, under which compilers leave the declared types of decorated members (`design:paramtypes`).
import "reflect-metadata";
import { isBuiltIn, type Class } from "../model/payload-type.js";

/** What the compiler recorded for the first parameter of a method. */
export type DesignType =
  | { readonly kind: "class"; readonly type: Class }
  /** Nothing, or nothing that says more than "some value": a built-in, an interface, a union, an enum. */
  | { readonly kind: "none" }
  /** `Function`, which stands where a class was imported with `import type`. */
  | { readonly kind: "lost" };

/**
 * What reflect-metadata knows of a method's first parameter. Only the legacy dialect with `emitDecoratorMetadata`
 * records it; interfaces and unions are recorded as `Object`, a circular import as `undefined`.
 */
export function firstParameterType(owner: Class, method: string): DesignType {
  // Looked up at each call: another copy of reflect-metadata that loads later replaces the functions.
  const types: unknown = Reflect.getOwnMetadata("design:paramtypes", owner.prototype as object, method);
  const type: unknown = Array.isArray(types) ? types[0] : undefined;
  if (typeof type !== "function") return { kind: "none" };
  if (type.name === "Function" && isBuiltIn(type)) return { kind: "lost" };
  return isBuiltIn(type) ? { kind: "none" } : { kind: "class", type: type as unknown as Class };
}

/** Whether the compiler recorded text for the first parameter of a method, its class's own or inherited. */
export function isDeclaredAsText(type: Class, method: string): boolean {
  const types: unknown = Reflect.getMetadata("design:paramtypes", type.prototype as object, method);
  const first: unknown = Array.isArray(types) ? types[0] : undefined;
  return typeof first === "function" && first.name === "String" && isBuiltIn(first);
}
