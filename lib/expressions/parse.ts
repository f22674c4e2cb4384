import { ExpressionError } from "./error.js";

/** Text that is sent as it is. */
export interface LiteralToken {
  readonly literal: string;
}

/** A new GUID or the present time, unless the data has `parts[0]`. */
export interface BuiltinToken {
  readonly builtin: "rand-guid" | "datetime";
  readonly parts: readonly string[];
  readonly format?: string | undefined;
}

/** A value of the invocation's data, or a member of one. */
export interface PathToken {
  readonly path: readonly string[];
  readonly format?: string | undefined;
}

export type Token = LiteralToken | BuiltinToken | PathToken;

/**
 * What a template consists of, after its settings were put in; neighbouring literals are one.
 *
 *     template   = *( "{{" / "}}" / "{" expression "}" / 1*nobrace )
 *     expression = builtin / path [ ":" format ]
 *
 * @throws ExpressionError `not-closed`, `not-opened`, `empty`, `not-an-expression`, `name`, `blank-part`; positions
 *   count from 1
 * @see https://github.com/Azure/azure-webjobs-sdk (Bindings/Path/BindingTemplateParser.cs)
 */
export function parseTemplate(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let literal = "";
  let end = 0;
  for (let at = nextBrace(text, 0); at !== -1; at = nextBrace(text, end)) {
    literal += text.slice(end, at);
    if (text[at + 1] === text[at]) {
      literal += text[at];
      end = at + 2;
      continue;
    }
    const close = text[at] === "{" ? nextBrace(text, at + 1) : -1;
    if (close === -1 || text[close] === "{") throw unpaired(text, at);
    if (literal !== "") tokens.push({ literal });
    literal = "";
    tokens.push(parseExpression(text, at, close));
    end = close + 1;
  }
  literal += text.slice(end);
  if (literal !== "") tokens.push({ literal });
  return tokens;
}

/** The names between the dots of an expression. */
export function partsOf(token: BuiltinToken | PathToken): readonly string[] {
  return "builtin" in token ? token.parts : token.path;
}

/** The expression as one writes it: `{data.id}`. */
export function printExpression(token: BuiltinToken | PathToken): string {
  if ("builtin" in token) return `{${token.parts.join(".")}}`;
  return `{${token.path.join(".")}${token.format === undefined ? "" : `:${token.format}`}}`;
}

/**
 * As {@link parseTemplate}, of a text whose settings are not known yet: without the expressions that a setting has a
 * part in, and throwing only what is wrong whatever names the settings hold.
 */
export function parseUnresolved(text: string): readonly Token[] {
  const masked = text.replace(/%[^%]*%/g, (setting) => unknown.repeat(setting.length));
  try {
    return parseTemplate(masked).filter((token) => "literal" in token || !partsOf(token).join().includes(unknown));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const start = (error.position ?? 1) - 1;
    const end = masked.indexOf("}", start) + 1 || masked.length;
    if (masked.slice(start, end).includes(unknown)) return [];
    const message = error.message.replace(`in "${masked}"`, () => `in "${text}"`);
    throw new ExpressionError(error.kind, message, error);
  }
}

// Stands for a character of a setting: a letter, so that it may be anywhere in an expression, and one that nobody types.
const unknown = "\u{A4F8}";

function nextBrace(text: string, from: number): number {
  const brace = /[{}]/g;
  brace.lastIndex = from;
  return brace.exec(text)?.index ?? -1;
}

const identifier = /^[\p{L}_][\p{L}\p{Nd}.\-\p{Pc}\p{Mn}\p{Mc}\p{Cf}]*$/u;

function parseExpression(text: string, open: number, close: number): BuiltinToken | PathToken {
  const expression = text.slice(open + 1, close);
  const position = open + 1;
  const fail = (kind: "empty" | "not-an-expression" | "name" | "blank-part", subject: string, fault: string) =>
    new ExpressionError(kind, `in "${text}" ${fault}`, { position, subject });

  if (expression === "") {
    throw fail("empty", "", `the braces at position ${position} are empty; name the data between them`);
  }
  const token = parseBuiltin(expression) ?? parsePath(expression);
  const parts = partsOf(token);
  const path = parts.join(".");
  if (!("builtin" in token)) {
    if (!identifier.test(path)) {
      const advice = 'name data with letters, digits and "_", members after a "."';
      throw fail("not-an-expression", path, `"${path}" at position ${position} is not an expression; ${advice}`);
    }
    const [first = ""] = parts;
    if (first.includes("-")) {
      const advice = 'only members after a "." may have one';
      throw fail("name", first, `the name "${first}" at position ${position} has a "-"; ${advice}`);
    }
  }
  if (parts.some((part) => part.trim() === "")) {
    throw fail("blank-part", path, `"${path}" at position ${position} has a blank part; write one "." between names`);
  }
  return token;
}

/** Whatever begins so is one, in any case: `{datetimes}` too. It is divided at "." first, so a format holds none. */
function parseBuiltin(expression: string): BuiltinToken | undefined {
  const builtin = /^(rand-guid|datetime)/i.exec(expression)?.[0].toLowerCase() as BuiltinToken["builtin"] | undefined;
  if (builtin === undefined) return undefined;
  const parts = expression.split(".");
  const rest = (parts[0] ?? "").slice(builtin.length);
  return rest.startsWith(":") && rest.length > 1 ? { builtin, parts, format: rest.slice(1) } : { builtin, parts };
}

function parsePath(expression: string): PathToken {
  const colon = expression.indexOf(":");
  if (colon <= 0) return { path: expression.split(".") };
  const path = expression.slice(0, colon).split(".");
  const format = expression.slice(colon + 1);
  return format === "" ? { path } : { path, format };
}

function unpaired(text: string, at: number): ExpressionError {
  const brace = text[at] ?? "";
  const [kind, fault] = brace === "{" ? (["not-closed", "closed"] as const) : (["not-opened", "opened"] as const);
  const message = `in "${text}" the "${brace}" at position ${at + 1} is not ${fault}; write "${brace}${brace}" for a brace`;
  return new ExpressionError(kind, message, { position: at + 1, subject: brace });
}
