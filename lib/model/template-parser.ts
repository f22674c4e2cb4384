import { ExpressionError } from "./expression-error.js";

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

/** The expression as one writes it: `{data.id}`. */
export function printExpression(token: BuiltinToken | PathToken): string {
  if ("builtin" in token) return `{${token.parts.join(".")}}`;
  return `{${token.path.join(".")}${token.format === undefined ? "" : `:${token.format}`}}`;
}

function nextBrace(text: string, from: number): number {
  const open = text.indexOf("{", from);
  const close = text.indexOf("}", from);
  return open === -1 || close === -1 ? Math.max(open, close) : Math.min(open, close);
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
  const parts = "builtin" in token ? token.parts : token.path;
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
