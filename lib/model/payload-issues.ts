import type { PayloadIssue } from "./errors.js";

const shown = 5;

/** The first issues in one line; the others are counted. */
export function summaryOf(issues: readonly PayloadIssue[]): string {
  const texts = issues.slice(0, shown).map(({ path, message }) => {
    // Validators often begin with the property themselves.
    const property = path.slice(path.lastIndexOf(".") + 1);
    return path === "" || message.startsWith(property) ? message : `${path}: ${message}`;
  });
  const more = issues.length > shown ? ` and ${issues.length - shown} more` : "";
  return texts.join("; ") + more;
}
