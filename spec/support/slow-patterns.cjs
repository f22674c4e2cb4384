// Reads regular expressions as JSON from its input and writes, as JSON, a line for each that can take long for a text.
// A process of its own, since the analysis starts another that stays: it ends with this one.
const { check } = require("recheck");

async function whySlow({ place, source, flags }) {
  // Not by the clock: the steps that the analysis may take are bounded, so that a busy machine decides the same.
  const result = await check(source, flags, { timeout: null, attackTimeout: null, checker: "auto" });
  if (result.status === "safe") return [];
  const why = result.status === "vulnerable" ? result.complexity.summary : result.error.kind;
  return [`${place} /${source}/${flags}: ${why}`];
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const slow = [];
  for (const pattern of JSON.parse(Buffer.concat(chunks))) slow.push(...(await whySlow(pattern)));
  process.stdout.write(JSON.stringify(slow), () => process.exit());
}

void main();
