const { mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

/** Jest's global set-up: one folder for the whole run, in which specs share what is costly to make. */
module.exports = () => {
  process.env.DAPR_FUNCTIONS_RUN = mkdtempSync(join(tmpdir(), "dapr-functions-"));
};
