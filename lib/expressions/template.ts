import { isRecord, listed } from "../model/values.js";
import { ExpressionError } from "./error.js";
import { formatDate, Guid, isDateFormat, isGuidFormat } from "./format.js";
import { parseTemplate, partsOf, printExpression, type BuiltinToken, type PathToken, type Token } from "./parse.js";

/** What `{name}` expressions of one invocation find, by the name as it was given; look-ups ignore case, exact first. */
export type BindingData = Readonly<Record<string, unknown>>;

/** A member of a binding, ready to be filled at each invocation. */
export interface Template {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** The result when it depends on nothing. */
  readonly constant: string | undefined;
  /**
   * The text for one invocation. Values are put in once and never looked at again. It may be empty, which callers
   * treat as "not given".
   *
   * @param encode makes of a value what is put in, so that it cannot change the meaning of the text around it
   * @throws ExpressionError `no-value`, `no-member`, `not-text`, `format`
   */
  bind(data: BindingData, encode?: (value: string) => string): string;
  /**
   * Of a template that is one expression and nothing else: what that finds, as it is, be it a list or an object.
   *
   * @throws ExpressionError as `bind`
   */
  readonly find?: (data: BindingData) => unknown;
}

/** @throws ExpressionError as {@link parseTemplate} */
export function compileTemplate(text: string): Template {
  const tokens = parseTemplate(text);
  if (tokens.every((token) => "literal" in token)) {
    const constant = tokens[0]?.literal ?? "";
    return { text, tokens, constant, bind: () => constant };
  }
  const [token] = tokens;
  const isAlone = tokens.length === 1 && token !== undefined && "path" in token && token.format === undefined;
  return {
    text,
    tokens,
    constant: undefined,
    ...(isAlone && { find: (data: BindingData) => walk(token, token.path, data) }),
    bind(data, encode) {
      let result = "";
      for (const token of tokens) {
        if ("literal" in token) result += token.literal;
        else result += encode === undefined ? bindExpression(token, data) : encode(bindExpression(token, data));
      }
      return result;
    },
  };
}

/** The first format in a template that only the Functions host knows. */
export function unsupportedFormat(template: string): string | undefined {
  for (const token of parseTemplate(template)) {
    if ("literal" in token || token.format === undefined) continue;
    if (!fits(token, token.format)) return token.format;
  }
  return undefined;
}

function fits(token: BuiltinToken | PathToken, format: string): boolean {
  const kind = "builtin" in token ? token.builtin : token.path.join(".").toLowerCase();
  if (kind === "rand-guid" || kind === "sys.randguid") return isGuidFormat(format);
  if (kind === "datetime" || kind === "sys.utcnow") return isDateFormat(format);
  return isGuidFormat(format) || isDateFormat(format);
}

/** The `sys` of an invocation's data: `methodname`, and with a new value at each use `randguid` and `utcnow`. */
export function systemData(functionName: string): object {
  return {
    methodname: functionName,
    get randguid() {
      return Guid.random();
    },
    get utcnow() {
      return new Date();
    },
  };
}

/** The own member's name as `owner` spells it: exactly so if it can be, else the last that differs in case only. */
export function memberName(owner: object, name: string): string | undefined {
  if (Object.hasOwn(owner, name)) return name;
  const folded = name.toLowerCase();
  // The length first: this runs for every invocation, and few names pass it.
  const same = Object.keys(owner).filter((key) => key.length === name.length && key.toLowerCase() === folded);
  return same.at(-1);
}

function bindExpression(token: BuiltinToken | PathToken, data: BindingData): string {
  if (!("builtin" in token)) return toText(token, walk(token, token.path, data), token.format);
  if (memberName(data, token.parts[0] ?? "") !== undefined) return toText(token, walk(token, token.parts, data));
  return toText(token, token.builtin === "rand-guid" ? Guid.random() : new Date(), token.format);
}

function walk(token: BuiltinToken | PathToken, path: readonly string[], data: BindingData): unknown {
  let value: unknown = data;
  for (let depth = 0; depth < path.length; depth++) {
    const part = path[depth] ?? "";
    const name = isRecord(value) ? memberName(value, part) : undefined;
    const member = name === undefined ? undefined : (value as BindingData)[name];
    if (member === undefined) throw notFound(token, path.slice(0, depth), part, value);
    value = member;
  }
  return value;
}

/** Formats apply to dates and GUIDs, which payloads have none of: theirs are text, and text stays as it is. */
function toText(token: BuiltinToken | PathToken, value: unknown, format?: string): string {
  if (typeof value === "string") return value;
  // Deviation from the Functions host: `true`, where it writes `True`.
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Date) return formatDate(value, format) ?? failFormat(token, format);
  if (value instanceof Guid) return value.format(format) ?? failFormat(token, format);
  // Deviation: the host puts in empty text.
  throw notText(token, value);
}

function notFound(
  token: BuiltinToken | PathToken,
  parents: readonly string[],
  part: string,
  owner: unknown,
): ExpressionError {
  const found =
    parents.length === 0 ? `it has ${listNames(owner as BindingData)}` : `"${parents.join(".")}" ${describe(owner)}`;
  const message = `"${printExpression(token)}" has no value in this invocation; ${found}`;
  return new ExpressionError(parents.length === 0 ? "no-value" : "no-member", message, { subject: part });
}

function notText(token: BuiltinToken | PathToken, value: unknown): ExpressionError {
  const message = `"${printExpression(token)}" is not text in this invocation; it ${describe(value)}`;
  return new ExpressionError("not-text", message, { subject: partsOf(token).join(".") });
}

function failFormat(token: BuiltinToken | PathToken, format = ""): never {
  const message = `the format "${format}" of "${printExpression(token)}" is known to the Functions host only`;
  throw new ExpressionError("format", message, { subject: format });
}

function describe(value: unknown): string {
  if (value === null) return "is null";
  if (Array.isArray(value)) return "is a list";
  if (typeof value !== "object") return "is text";
  return Object.keys(value).length === 0 ? "has no members" : `has ${listNames(value)}`;
}

/** Names only, and no more than one can read: they come from payloads. */
function listNames(owner: object): string {
  const names = Object.keys(owner);
  if (names.length === 0) return "nothing";
  return listed(names, (name) => (/^[\w$.-]{1,60}$/.test(name) ? name : JSON.stringify(name.slice(0, 60))));
}
