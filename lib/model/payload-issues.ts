import type { PayloadIssue } from "./errors.js";

const shown = 5;

/** The first issues in one line; the others are counted. */
export function summaryOf(issues: readonly PayloadIssue[]): string {
  const more = issues.length > shown ? ` and ${issues.length - shown} more` : "";
  return issues.slice(0, shown).map(sentenceOf).join("; ") + more;
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
