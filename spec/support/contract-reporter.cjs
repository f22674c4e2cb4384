const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

/** Blocks that only daprd can run, by the name in brackets. */
const extras = {
  redis: "with Redis",
  "sdk client": "through a client of @dapr/dapr",
  "two apps": "with two applications",
};

/**
 * The last lines of a test run that had the contract suite in it: how many cases ran on which sidecar, by the name in
 * brackets that `contract` gives its blocks, and what `notRun` was told.
 */
module.exports = class ContractReporter {
  onRunComplete(_, { testResults }) {
    if (!testResults.some(({ testFilePath }) => /[\\/]spec[\\/]contract[\\/]/.test(testFilePath))) return;
    const cases = testResults.flatMap((file) => file.testResults).filter(({ status }) => status !== "pending");
    const count = (name) => cases.filter(({ ancestorTitles }) => ancestorTitles[0]?.endsWith(`[${name}]`)).length;
    const lines = Object.entries(extras)
      .filter(([name]) => count(name) > 0)
      .map(([name, title]) => `contract, ${title}: ${count(name)} cases on daprd`);
    lines.push(`contract: ${count("daprd")} cases on daprd, ${count("embedded")} on the embedded sidecar`);
    const notes = join(process.env.DAPR_FUNCTIONS_RUN, "not-run");
    const notRun = existsSync(notes) ? readFileSync(notes, "utf8").split("\n").filter(Boolean) : [];
    lines.push(...[...new Set(notRun)].map((note) => `not run: ${note}`));
    // Jest's own summary comes after every other reporter.
    process.once("exit", () => console.error(lines.join("\n")));
  }
};
