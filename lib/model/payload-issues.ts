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
