import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nearestOf } from "../model/nearest.js";
import { exitCodes, exitWith } from "./report.js";
import { UsageError } from "./usage-error.js";

export function addExplain(program: Command): void {
  program
    .command("explain")
    .summary("explain a code of an error or a problem: what happened, an example, what to do")
    .argument("<code>", "as a message has it: setting-missing, ERR_COLLECTOR_CLOSED")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions explain setting-missing")
    .action((code: string) => {
      process.stdout.write(`${explanationOf(code)}\n`);
      exitWith(exitCodes.done);
    });
}

/** The section that docs/errors.md, which is part of the package, has for a code. */
function explanationOf(code: string): string {
  const page = readFileSync(join(__dirname, "../../docs/errors.md"), "utf8");
  const sections = page.split(/^(?=#{2,4} )/m).filter((section) => section.startsWith("#### "));
  const codes = sections.map((section) => section.slice("#### ".length, section.indexOf("\n")));
  const index = codes.findIndex((one) => one.toLowerCase() === code.toLowerCase());
  if (index === -1) {
    const isOfInvocation = /^ERR_/i.test(code);
    // Dapr has many codes of that form, and some are not far from ours.
    const nearest = nearestOf(code, codes, (one) => one, Math.ceil(code.length / (isOfInvocation ? 6 : 3)));
    const lists = `docs/errors.md lists them${isOfInvocation ? ", and https://docs.dapr.io/reference/errors/ those of Dapr" : ""}`;
    const hint = nearest === undefined ? lists : `did you mean ${nearest}?`;
    throw new UsageError(`there is no code "${code}"; ${hint}`);
  }
  return sections[index]!.replace(/^#### /, "")
    .replace(/^```.*\n/gm, "")
    .replace(/\[([^[\]]+)\]\(([^()]*)\)/g, (_, text: string, to: string) => `${text} (${addressOf(to)})`)
    .replaceAll("`", "")
    .trim();
}

/** Pages of the package stand beside the one that is read. */
function addressOf(link: string): string {
  return /^https?:/.test(link) ? link : `docs/${link}`;
}
