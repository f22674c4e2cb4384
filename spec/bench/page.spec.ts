import { cpSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writePage } from "../../bench/report/page.js";

const root = resolve(__dirname, "..", "..");

describe("docs/performance.md", () => {
  it("and the chart are what bench/results.json makes of them", () => {
    const copy = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "page-"));
    const files = ["bench/results.json", "docs/performance.md"];
    for (const folder of ["bench", "docs"]) mkdirSync(join(copy, folder));
    for (const file of files) cpSync(join(root, file), join(copy, file));
    writePage(copy);
    for (const file of ["docs/performance.md", "bench/chart.svg"]) {
      expect(readFileSync(join(copy, file), "utf8")).toBe(readFileSync(join(root, file), "utf8"));
    }
  });
});
