#!/usr/bin/env node
// `npm create dapr-functions orders` is `npx dapr-functions init orders`.
const { dirname, join } = require("node:path");

const root = dirname(require.resolve("dapr-functions/package.json"));
const { bin } = require("dapr-functions/package.json");
process.argv.splice(2, 0, "init");
require(join(root, bin["dapr-functions"]));
