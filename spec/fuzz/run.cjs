// Runs the properties with a new seed and many more cases: `npm run fuzz -- routes`. FUZZ_SEED repeats a run, FUZZ_RUNS bounds it.
"use strict";
const { spawnSync } = require("node:child_process");
const { randomInt } = require("node:crypto");

const seed = process.env.FUZZ_SEED ?? String(randomInt(2 ** 31));
const runs = process.env.FUZZ_RUNS ?? "20000";
const files = process.argv.slice(2).map((name) => `spec/fuzz/${name}`);
console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
const { status } = spawnSync(
  process.execPath,
  [require.resolve("jest/bin/jest"), ...(files.length > 0 ? files : ["spec/fuzz"]), "--testTimeout=3600000"],
  { stdio: "inherit", env: { ...process.env, FUZZ_SEED: seed, FUZZ_RUNS: runs } },
);
if (status !== 0) console.log(`to repeat: FUZZ_SEED=${seed} FUZZ_RUNS=${runs} npm run fuzz`);
process.exitCode = status ?? 1;
