/** Where `npm run daprd` puts daprd and the specs look for it: outside the tree, one folder per version. */
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { homedir } = require("node:os");
const { join } = require("node:path");

/** Absolute path of the daprd that belongs to this go.sum; the file need not exist. */
exports.cachedDaprd = function cachedDaprd() {
  const hash = createHash("sha256");
  for (const file of ["go.sum", "main.go"]) hash.update(readFileSync(join(__dirname, file)));
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(root, "dapr-functions", `daprd-${hash.digest("hex").slice(0, 16)}`, "daprd");
};
