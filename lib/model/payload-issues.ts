import type { PayloadIssue } from "./errors.js";

const shown = 5;

/** What is wrong with a value: at least one issue. */
export interface Invalid {
  readonly issues: readonly PayloadIssue[];
  /** Set where messages may hold the value itself, as those of valibot and arktype do: `received "4111 1111"`. */
  readonly quotesValues?: boolean;
}

/**
 * The first issues in one line, which may be logged: where messages may hold the value, its rules stand instead. The
 * other issues are counted.
 */
export function summaryOf({ issues, quotesValues = false }: Invalid): string {
  const more = issues.length > shown ? ` and ${issues.length - shown} more` : "";
  return (
    issues
      .slice(0, shown)
      .map(quotesValues ? ruleAt : sentenceOf)
      .join("; ") + more
  );
}

function ruleAt({ path, rule }: PayloadIssue): string {
  return path === "" ? rule : `${path} (${rule})`;
}

/** Validators often begin with the property themselves, by its last name only: of several lines, it would be any. */
function sentenceOf({ path, message }: PayloadIssue): string {
  if (path === "" || message.startsWith(`${path} `)) return message;
  const property = path.slice(path.lastIndexOf(".") + 1);
  for (const before of ["", "each value in "]) {
    if (message.startsWith(`${before}${property} `)) return before + path + message.slice((before + property).length);
  }
  return `${path}: ${message}`;
}

/** `items` and `price` make `items.price`, as one writes it in code. */
export function memberPath(path: string, key: string): string {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** `items` and 2 make `items[2]`. */
export function elementPath(path: string, index: number | string): string {
  return `${path}[${index}]`;
}

/** A path and what follows it: `items[2]` and `price` make `items[2].price`. */
export function joinedPath(path: string, rest: string): string {
  if (rest === "") return path;
  return rest.startsWith("[") ? path + rest : `${path}.${rest}`;
}
