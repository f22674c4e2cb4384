import { isRecord } from "../model/values.js";
import { fromRecorded, secretName, secretNamesOf, type Recording } from "./recording.js";

/**
 * A test for Node's runner that replays what was recorded, as TypeScript and JavaScript alike. That of a failed invocation
 * fails until the function is mended.
 *
 * @param module the file of the class: `src/functions.ts`; the test belongs beside it
 */
export function toTestSource(recording: Recording, module: string): string {
  const { className, functionName, failure, time } = recording;
  const failed = failure?.isOutside === true ? undefined : failure;
  const outcome = failed === undefined ? "does what it did" : `no longer fails with ${failed.errorCode}`;
  // An anonymous class has the name of its export.
  const isDefault = className === "" || className === "default";
  const imported = isDefault ? "Functions" : className;
  const expected = failed === undefined ? "[]" : text([`failure: ${failed.errorCode} became none`]);
  const standIns = secretsOf(recording);
  const notes = [
    ...(hasStandIns(recording) ? ["// Credentials are not recorded: the standIns of its request stand for them."] : []),
    ...(standIns.length > 0 || JSON.stringify(recording.calls).includes(secretName)
      ? ["// Secrets are not recorded: *** stands for them. Where the function looks closer, give what it can use."]
      : []),
  ];
  return [
    `// Belongs beside ${oneLine(module)}${isTypeScript(module) ? ", and is compiled as that is" : ""}.`,
    `import assert from "node:assert/strict";`,
    `import { test } from "node:test";`,
    `import { replay } from "dapr-functions/testing";`,
    `import { ${isDefault ? "default as Functions" : className} } from ${text(importOf(module))};`,
    "",
    ...notes,
    ...(standIns.length === 0 ? [] : ["const secrets = {", ...standIns, "};"]),
    ...(notes.length === 0 ? [] : [""]),
    `test(${text(`${functionName} ${outcome} (recorded ${time})`)}, async () => {`,
    "  const { error, differences } = await replay(",
    `    ${print({ ...recording, module: undefined }, 4)},`,
    `    [${imported}],`,
    ...(standIns.length === 0 ? [] : ["    { inputs: secrets },"]),
    "  );",
    ...(failed?.message === undefined ? [] : [`  // It failed: ${oneLine(failed.message)}`]),
    "  assert.ifError(error);",
    `  assert.deepEqual(differences, ${expected});`,
    "});",
    "",
  ].join("\n");
}

function hasStandIns({ trigger, request, payload }: Recording): boolean {
  if (trigger === "httpTrigger") return isRecord(payload) && payload["standIns"] !== undefined;
  return request?.standIns !== undefined;
}

/** Members of the object of stand-ins, a line each. */
function secretsOf({ inputs }: Recording): readonly string[] {
  return Object.entries(inputs).flatMap(([name, value]) =>
    secretNamesOf(value) === undefined ? [] : [`  ${name}: ${print(fromRecorded(value), 2)},`],
  );
}

/** For a comment, which ends with its line. */
function oneLine(words: string): string {
  return words.replace(/[\r\n\u2028\u2029]+/g, " ");
}

function isTypeScript(module: string): boolean {
  return /\.[cm]?ts$/.test(module);
}

/** What a module beside it imports: that of TypeScript has the name of its JavaScript. */
function importOf(module: string): string {
  return `./${module.replace(/^.*[\\/]/, "").replace(/\.([cm]?)tsx?$/, ".$1js")}`;
}

const width = 120;

/** A literal for a recorded value, in as few lines as it takes. */
function print(value: unknown, indent: number): string {
  const line = printLine(value);
  if (line.length + indent <= width || typeof value !== "object" || value === null) return line;
  const inner = " ".repeat(indent + 2);
  const items = Array.isArray(value)
    ? value.map((item) => print(item, indent + 2))
    : membersOf(value).map(([name, member]) => `${property(name)}: ${print(member, indent + 2)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${" ".repeat(indent)}${close}`;
}

function printLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return text(value);
  const members = membersOf(value).map(([name, member]) => `${property(name)}: ${printLine(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

/** A member of that name, which `__proto__` without brackets is not. */
function property(name: string): string {
  if (name === "__proto__") return `["__proto__"]`;
  return /^[a-z_$][\w$]*$/i.test(name) ? name : text(name);
}

function text(value: unknown): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}
