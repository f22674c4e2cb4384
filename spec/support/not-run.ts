import { appendFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Called while specs are collected, instead of declaring those that need a tool this machine lacks. Under `CI=true` that
 * is a failure; else the last lines of the test run say what was not run and the command that gets the tool.
 */
export function notRun(part: string, tool: string, command: string): void {
  if (process.env.CI === "true") {
    it(`${part} finds ${tool}`, () => {
      throw new Error(`${tool} is missing, so ${part} is unproven; get it with: ${command}`);
    });
    return;
  }
  appendFileSync(
    join(process.env.DAPR_FUNCTIONS_RUN!, "not-run"),
    `${part}, for want of ${tool}; get it with: ${command}\n`,
  );
}
