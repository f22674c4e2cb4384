const { rmSync } = require("node:fs");

module.exports = () => rmSync(process.env.DAPR_FUNCTIONS_RUN, { recursive: true, force: true });
