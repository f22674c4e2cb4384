import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { consumerProject } from "../support/packed.js";

const examples = join(__dirname, "../../examples");
const packages = [
  "@types/jest",
  "@types/node",
  "class-transformer",
  "class-validator",
  "jest",
  "reflect-metadata",
  "typescript",
  "vitest",
];

/** A test that knows the matchers by the project's configuration alone. */
const setUp = `
  import { fakeCollector } from "dapr-functions/testing";
  it("has matchers", () => expect(fakeCollector()).not.toHaveAdded());
`;

/** A project of its own with the packed library, in which the examples of testing are compiled as its tests. */
async function projectOf(type: "commonjs" | "module"): Promise<string> {
  const project = consumerProject({ type, packages });
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "esnext.disposable"],
    module: "node20",
    types: ["node", "jest", "dapr-functions/testing/jest"],
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    useDefineForClassFields: false,
    skipLibCheck: true,
    rootDir: "src",
    outDir: "build",
  };
  mkdirSync(join(project, "src"));
  cpSync(join(examples, "testing"), join(project, "src/testing"), { recursive: true });
  mkdirSync(join(project, "src/orders"));
  for (const file of ["functions.ts", "order.ts"])
    cpSync(join(examples, "orders", file), join(project, "src/orders", file));
  writeFileSync(join(project, "src/testing/matchers-set-up.spec.ts"), setUp);
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  const config = {
    testMatch: ["<rootDir>/build/testing/*.spec.js"],
    transform: {},
    testEnvironment: "node",
    setupFilesAfterEnv: ["dapr-functions/testing/jest"],
  };
  writeFileSync(join(project, "jest.config.json"), JSON.stringify(config));
  await run(project, "@typescript/native/bin/tsc", ["-p", project]);
  return project;
}

/** Runs a package's script and answers with what it printed; rejects with that when it fails. */
async function run(
  cwd: string,
  script: string,
  args: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const file = join(__dirname, "../../node_modules", script);
  const env = { ...process.env, NO_COLOR: "1", JEST_WORKER_ID: undefined, NODE_ENV: undefined };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...options, file, ...args], { cwd, env });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error });
  }
}

describe.each(["commonjs", "module"] as const)("a project of type %s", (type) => {
  let project: string;

  beforeAll(async () => {
    project = await projectOf(type);
  }, 120_000);

  it("runs the examples under jest", async () => {
    const options = type === "module" ? ["--experimental-vm-modules", "--no-warnings"] : [];
    const output = await run(project, "jest/bin/jest.js", ["--config", "jest.config.json", "--runInBand"], options);
    expect(output).toContain("Tests:       18 passed, 18 total");
  });

  it("runs the same files under vitest", async () => {
    const args = ["run", "--globals", "--root", project, "--exclude", "**/matchers*", "--exclude", "src/**"];
    const output = await run(project, "vitest/vitest.mjs", args);
    expect(output).toMatch(/Tests\s+14 passed \(14\)/);
  });

  it("runs the same files under node:test", async () => {
    const folder = join(project, "build/testing");
    const files = readdirSync(folder).filter((file) => file.endsWith(".spec.js") && !file.startsWith("matchers"));
    const { stdout } = await promisify(execFile)(process.execPath, ["--test", ...files], { cwd: folder });
    expect(stdout).toContain("# pass 14");
    expect(stdout).toContain("# fail 0");
  });
});
