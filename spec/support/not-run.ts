import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findDaprd } from "./daprd.js";
import { findRedis } from "./redis.js";

const tools = {
  daprd: { find: findDaprd, command: "npm run daprd" },
  chromium: {
    find: () => ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path)),
    command: "apt-get install chromium",
  },
  // Those of other systems take other options.
  script: {
    find: () => (process.platform === "linux" ? ["/usr/bin/script"].find((path) => existsSync(path)) : undefined),
    command: "apt-get install bsdutils",
  },
  "redis-server": { find: findRedis, command: "apt-get install redis-server" },
};

/**
 * True when the tools that a part of the suite needs are there. When one is missing it says so while specs are
 * collected, in place of those that need it: as a failure under `CI=true`, else to the reporter, whose last lines name
 * what was not run and the command that gets the tool.
 */
export function canRun(part: string, ...needed: readonly (keyof typeof tools)[]): boolean {
  const missing = needed.filter((tool) => tools[tool].find() === undefined);
  for (const tool of missing) noteNotRun(part, tool, tools[tool].command);
  return missing.length === 0;
}

/** Says of a part that it is not run, and what it is for want of. */
export function noteNotRun(part: string, tool: string, command: string): void {
  if (process.env.CI === "true") {
    it(`${part} finds ${tool}`, () => {
      throw new Error(`${tool} is missing, so ${part} is unproven; get it with: ${command}`);
    });
    return;
  }
  const notes = join(process.env.DAPR_FUNCTIONS_RUN!, "not-run");
  const note = `${part}, for want of ${tool}; get it with: ${command}\n`;
  appendFileSync(notes, note);
  it(`tells the reporter that ${part} is not run`, () => {
    expect(readFileSync(notes, "utf8")).toContain(note);
  });
}
