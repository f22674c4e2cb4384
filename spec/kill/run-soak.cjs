// npm run soak -- <minutes>: the soak is a spec that no ordinary run finds.
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

const minutes = Number(process.argv[2] ?? 5);
if (!(minutes > 0 && minutes <= 600)) {
  console.error(`soak: ${process.argv[2]} is not a number of minutes from 1 to 600; npm run soak -- 5`);
  process.exit(2);
}
const root = join(__dirname, "..", "..");
const jest = join(root, "node_modules", "jest", "bin", "jest.js");
const { status } = spawnSync(process.execPath, [jest, "--testMatch", "**/spec/kill/soak.ts"], {
  cwd: root,
  stdio: "inherit",
  // What is missing fails it, as in CI.
  env: { ...process.env, CI: "true", SOAK_MINUTES: String(minutes) },
});
process.exit(status ?? 1);
