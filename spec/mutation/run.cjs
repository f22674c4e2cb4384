"use strict";
/*
 * `npm run mutate [-- TEXT …]`: makes each change of mutants.cjs in a copy of the tree, asks the specs that are to notice,
 * and prints the changes that none noticed. With texts, only those of files whose name holds one. Ends with 1 when fewer
 * than 90 % were noticed, or a change no longer fits its file.
 */
const { spawn } = require("node:child_process");
const { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const mutants = require("./mutants.cjs");

const root = resolve(__dirname, "..", "..");
const atLeast = 0.9;
/** Milliseconds that the specs of one change have; one that makes them wait for ever is noticed too. */
const patience = 120_000;

/** A copy of the tree, so that nobody who works in it meets a change. */
function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), "dapr-functions-mutate-"));
  for (const name of [
    "lib",
    "spec",
    "docs",
    "examples",
    "package.json",
    "package-lock.json",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "tsconfig.json",
    "tsconfig.build.json",
    "jest.config.cjs",
  ]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  // The compiler has seen the tree as it is; what a change would make of its types is not asked.
  const transform = {
    "^.+\\.ts$": ["ts-jest", { tsconfig: { ...compilerOptions(), isolatedModules: true }, diagnostics: false }],
  };
  writeFileSync(
    join(copy, "jest.mutation.cjs"),
    `module.exports = { ...require("./jest.config.cjs"), transform: ${JSON.stringify(transform)}, reporters: ["default"] };\n`,
  );
  return copy;
}

function compilerOptions() {
  const { compilerOptions: options } = require("typescript").readConfigFile(join(root, "tsconfig.json"), (file) =>
    readFileSync(file, "utf8"),
  ).config;
  return options;
}

/** Resolves with whether all specs pass, and what jest printed. */
function ask(copy, specs, except) {
  const jest = join(copy, "node_modules", "jest", "bin", "jest.js");
  const args = [
    "--config",
    "jest.mutation.cjs",
    "--bail",
    "--silent",
    "--runTestsByPath",
    ...specs.map((spec) => `spec/${spec}.spec.ts`),
  ];
  if (except !== undefined) args.push("--testNamePattern", `^(?!${except})`);
  return new Promise((done) => {
    const child = spawn(process.execPath, [jest, ...args], { cwd: copy, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data.toString()));
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ passed: code === 0, text });
    });
  });
}

async function main() {
  const only = process.argv.slice(2);
  const files = Object.entries(mutants).filter(
    ([file]) => only.length === 0 || only.some((text) => file.includes(text)),
  );
  const copy = copyTree();
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  const stale = [];
  const survivors = [];
  let noticed = 0;
  for (const [file, { specs, except, changes }] of files) {
    let { passed, text } = await ask(copy, specs, except);
    // Once more, for a machine that is too busy for a spec about time.
    if (!passed) ({ passed, text } = await ask(copy, specs, except));
    if (!passed) throw new Error(`the specs of ${file} fail without a change:\n${text}`);
    const path = join(copy, "lib", `${file}.ts`);
    const source = readFileSync(path, "utf8");
    for (const [from, to] of changes) {
      const shown = `lib/${file}.ts: ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
      if (source.split(from).length !== 2) {
        stale.push(shown);
        continue;
      }
      writeFileSync(
        path,
        source.replace(from, () => to),
      );
      const isNoticed = !(await ask(copy, specs, except)).passed;
      if (isNoticed) noticed++;
      else survivors.push(shown);
      console.log(`${isNoticed ? "noticed " : "SURVIVED"} ${shown}`);
    }
    writeFileSync(path, source);
  }
  const all = noticed + survivors.length;
  console.log(`\n${noticed} of ${all} changes were noticed (${((100 * noticed) / all).toFixed(0)} %)`);
  for (const survivor of survivors) console.log(`survived: ${survivor}`);
  for (const change of stale) console.log(`does not stand once in its file: ${change}`);
  process.exitCode = noticed / all >= atLeast && stale.length === 0 ? 0 : 1;
}

void main().catch((error) => {
  console.error(error);
  process.exit(1);
});
