import type { CallOptions } from "../client/dapr-client.js";
import { badItem } from "../collectors/message.js";
import type {
  ClientBinding,
  DaprStateEntryBinding,
  SidecarInputBinding,
  SidecarOutputBinding,
} from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import { DefinitionError, PayloadError, type InvocationError, type ProblemCode } from "../model/errors.js";
import { compileTemplate } from "../expressions/template.js";
import { ExpressionError, toBindingDataError } from "../expressions/error.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { roleOfDeclared } from "../model/problem.js";
import { parseAddress } from "../model/sidecar-address.js";
import { unwantedSignal } from "../invocation/unwanted.js";
import type { Invocation } from "../invocation/binding-host.js";

/** A binding that a sidecar serves. */
export type SidecarBinding = SidecarInputBinding | SidecarOutputBinding | DaprStateEntryBinding | ClientBinding;

/** A binding of a function, as messages name it. */
export interface BindingPlace<B extends SidecarBinding> {
  readonly binding: B;
  readonly definition: FunctionDefinition;
  /** `Orders.create, output "copies"` */
  readonly where: string;
  /** What every request of the binding has. */
  readonly call: Pick<CallOptions, "binding" | "daprAddress">;
}

/** @throws DefinitionError when the binding's `daprAddress` is not a URL of a sidecar */
export function bindingPlace<B extends SidecarBinding>(binding: B, definition: FunctionDefinition): BindingPlace<B> {
  const where = `${placeOf(definition)}, ${roleOfDeclared(binding)} "${binding.name}"`;
  const { daprAddress } = binding;
  const place = { binding, definition, where, call: { binding: `${binding.type} "${binding.name}"`, daprAddress } };
  const address = daprAddress === undefined ? undefined : parseAddress(daprAddress);
  if (typeof address === "string") throw optionProblem(place, "option-invalid", "daprAddress", `it ${address}`);
  return place;
}

/** What of one binding's options keeps the app from starting. */
export function optionProblem(
  { binding, definition, where }: BindingPlace<SidecarBinding>,
  code: ProblemCode,
  member: string,
  what: string,
): DefinitionError {
  return new DefinitionError([
    {
      code,
      level: "error",
      class: definition.className,
      method: definition.methodName,
      binding: `${roleOfDeclared(binding)} "${binding.name}"`,
      member,
      message: `${where}, ${member}: ${what}`,
    },
  ]);
}

/** Gives an option's text in an invocation; undefined where the decorator was not given it. */
export type Option = (invocation: Invocation) => string | undefined;

/**
 * Makes an option ready at start: nothing is left to do at an invocation but to fill its expressions, if it has any.
 *
 * @param encode makes of a value what is put in
 */
export function compileOption(
  place: { readonly where: string },
  member: string,
  text: string | undefined,
  encode?: (value: string) => string,
): Option {
  if (text === undefined) return () => undefined;
  const template = compileTemplate(text);
  const { constant } = template;
  if (constant !== undefined) return () => constant;
  const encodeText = (value: string): string => {
    if (!value.isWellFormed()) throw badItem(place.where, member, "must be well-formed text");
    return encode === undefined ? value : encode(value);
  };
  return ({ bindingData }) => withPlace(place, member, () => template.bind(bindingData, encodeText));
}

/**
 * An option that must have a value: the item's override, else the decorator's.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST` with `missing` when neither gives one, or an empty one; PayloadError
 *   `ERR_BINDING_DATA` when it is an expression that is empty
 */
export function compileItemOption(
  place: { readonly where: string },
  member: string,
  text: string | undefined,
  missing: string,
  encode?: (value: string) => string,
): (item: OutputItem, invocation: Invocation) => string {
  const option = compileOption(place, member, text, encode);
  const constant = text === undefined ? undefined : compileTemplate(text).constant;
  // What never changes is not checked again for each item, of which an invocation may have very many.
  const known = constant !== undefined && constant !== "" && constant.isWellFormed() ? constant : undefined;
  return (item, invocation) => {
    const own = item.overrides[member] as string | undefined;
    if (own === undefined && known !== undefined) return known;
    const value = own ?? option(invocation);
    if (value === undefined || value === "") {
      throw badItemOption(place, member, text, item, `${missing}; give it in the decorator or with the item`);
    }
    if (!value.isWellFormed()) throw badItem(place.where, member, "must be well-formed text");
    return value;
  };
}

/**
 * What is wrong with what an option has become in an invocation: the caller's data where an expression put it together,
 * the program's own doing else.
 *
 * @param text the option as the decorator has it
 */
export function badOption(
  { where }: { readonly where: string },
  member: string,
  text: string,
  what: string,
): InvocationError | PayloadError {
  if (compileTemplate(text).constant !== undefined) return badItem(where, member, what);
  return new PayloadError("ERR_BINDING_DATA", `${where}, ${member}: ${what}`);
}

/** The same of an item, which may have an override in place of what the decorator has. */
export function badItemOption(
  place: { readonly where: string },
  member: string,
  text: string | undefined,
  { overrides }: OutputItem,
  what: string,
): InvocationError | PayloadError {
  const isDecorators = overrides[member] === undefined && text !== undefined;
  return isDecorators ? badOption(place, member, text, what) : badItem(place.where, member, what);
}

/** As {@link compileItemOption}, of an input, which has no items. */
export function compileInputOption(
  place: { readonly where: string },
  member: string,
  text: string,
  missing: string,
  encode?: (value: string) => string,
): (invocation: Invocation) => string {
  const option = compileOption(place, member, text, encode);
  return (invocation) => {
    const value = option(invocation);
    if (value === undefined || value === "") throw badOption(place, member, text, missing);
    if (!value.isWellFormed()) throw badItem(place.where, member, "must be well-formed text");
    return value;
  };
}

/**
 * What expressions may put into an app's id. An id that is a URL Dapr takes for an address and calls it, which is for the
 * program to say, not for its callers.
 *
 * @throws PayloadError `ERR_BINDING_DATA`
 */
export function appIdPart({ where }: { readonly where: string }): (value: string) => string {
  return (value) => {
    if (!value.includes("/")) return value;
    throw new PayloadError("ERR_BINDING_DATA", `${where}, appId: a value put into it holds "/", as no app's id does`);
  };
}

/** Makes in an invocation what an option of any JSON says. */
export type ValueOption = (invocation: Invocation) => unknown;

/**
 * As {@link compileOption}, of a JSON value: each text in it is a template, and one that is an expression alone becomes
 * what it finds, be it a number, a list or an object.
 */
export function compileValue(place: { readonly where: string }, member: string, value: unknown): ValueOption {
  if (typeof value === "string") return compileTextValue(place, member, value);
  if (typeof value !== "object" || value === null) return () => value;
  if (Array.isArray(value)) {
    const elements = value.map((element, index) => compileValue(place, `${member}[${index}]`, element));
    return (invocation) => elements.map((element) => element(invocation));
  }
  const members = Object.entries(value).map(
    ([name, entry]) => [name, compileValue(place, `${member}.${name}`, entry)] as const,
  );
  return (invocation) => Object.fromEntries(members.map(([name, entry]) => [name, entry(invocation)]));
}

function compileTextValue(place: { readonly where: string }, member: string, text: string): ValueOption {
  const { find } = compileTemplate(text);
  if (find === undefined) return compileOption(place, member, text);
  return ({ bindingData }) => withPlace(place, member, () => find(bindingData));
}

/** A map of names to templates. */
export function compileMap(
  place: { readonly where: string },
  member: string,
  map: Readonly<Record<string, string>> | undefined,
): (invocation: Invocation) => Record<string, string> | undefined {
  if (map === undefined) return () => undefined;
  const entries = Object.entries(map).map(
    ([name, text]) => [name, compileOption(place, `${member}.${name}`, text)] as const,
  );
  return (invocation) => Object.fromEntries(entries.map(([name, valueOf]) => [name, valueOf(invocation) ?? ""]));
}

function withPlace<T>({ where }: { readonly where: string }, member: string, fill: () => T): T {
  try {
    return fill();
  } catch (error) {
    throw error instanceof ExpressionError ? toBindingDataError(error, `${where}, ${member}`) : error;
  }
}

/**
 * What every request of a binding has in an invocation. Where requests are frequent its members are written out:
 * spreading it made a request a fifth dearer (measured on Node 20).
 */
export function callOptions({ call }: { readonly call: CallOptions }, invocation: Invocation): CallOptions {
  return {
    binding: call.binding,
    daprAddress: call.daprAddress,
    signal: invocation.signal,
    traceHeaders: invocation.watch?.headers?.() ?? invocation.traceHeaders,
  };
}

/** The same of a request that the method makes itself, and which is of no use to it once its caller has gone. */
export function methodsOptions(place: { readonly call: CallOptions }, invocation: Invocation): CallOptions {
  return { ...callOptions(place, invocation), signal: unwantedSignal(invocation) };
}
