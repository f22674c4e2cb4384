// Puts what needs no compiler beside the compiled page. usage: node copy.cjs [dist]
const { copyFileSync, mkdirSync } = require("node:fs");
const { join } = require("node:path");

const target = join(process.argv[2] ?? join(__dirname, "../../../dist"), "inspector/page");
mkdirSync(target, { recursive: true });
for (const file of ["index.html", "style.css"]) copyFileSync(join(__dirname, file), join(target, file));
