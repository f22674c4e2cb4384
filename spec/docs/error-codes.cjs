// Every code that an error or a problem of this library can have, and the section that docs/errors.md has for each.
// `node spec/docs/error-codes.cjs` prints a section to fill in for each code that has none.
const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..", "..");
const page = join(root, "docs", "errors.md");

function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** The members of the unions in lib/model/errors.ts, and the codes that the clients give where Dapr sent none. */
function codes() {
  const errors = readFileSync(join(root, "lib", "model", "errors.ts"), "utf8");
  const senders = ["client", "sidecar-host"].flatMap((room) => sourcesBelow(join(root, "lib", room)));
  const clients = senders.map((file) => readFileSync(file, "utf8"));
  const found = [
    ...errors.matchAll(/^ {2}\| "([\w-]+)";?$/gm),
    ...clients.flatMap((text) => [...text.matchAll(/errorCode: "(ERR_\w+)"/g)]),
    ...errors.matchAll(/"(ERR_\w+)"/g),
  ].map((match) => match[1]);
  return [...new Set(found)].sort((a, b) => (a < b ? -1 : 1));
}

/** The sections of the page: code → its text. */
function sections() {
  const parts = readFileSync(page, "utf8")
    .split(/^#### /m)
    .slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.search(/^#{1,3} /m);
      const text = end === -1 ? part : part.slice(0, end);
      return [text.split("\n", 1)[0].trim(), text];
    }),
  );
}

function skeletonOf(code) {
  return [
    `#### ${code}`,
    "",
    "Where it is seen. What happened.",
    "",
    "```text",
    "message",
    "```",
    "",
    "What to do.",
    "",
  ];
}

module.exports = { codes, sections, sourcesBelow };

if (require.main === module) {
  const there = sections();
  const missing = codes().filter((code) => !there.has(code));
  process.stdout.write(missing.flatMap(skeletonOf).join("\n"));
}
