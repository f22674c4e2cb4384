import { isRecord } from "../model/values.js";
import { fromRecorded, type RecordedRequest, type Recording } from "./recording.js";
import { credentialNames } from "./secrets.js";

/**
 * A test for Node's runner that gives a function what was recorded and expects what it did then. Of an invocation that
 * failed it expects success: it fails until the function is mended.
 *
 * @param module how the test imports the class: `./functions.js`
 */
export function toTestSource(recording: Recording, module: string): string {
  const { className, methodName, functionName, trigger, inputs, outputs, failure, request } = recording;
  const isHttp = trigger === "httpTrigger";
  const payload = isHttp ? `httpRequest(${literal(recording.payload)})` : literal(recording.payload);
  const given = Object.entries(inputs).map(([name, value]) => `${name}: ${literal(value)}`);
  const parts = [
    ...(given.length === 0 ? [] : [`inputs: { ${given.join(", ")} } as never`]),
    ...(request === undefined ? [] : [`context: { request: ${requestLiteral(request)} }`]),
  ];
  const options = parts.length === 0 ? "" : `, { ${parts.join(", ")} }`;
  const hasHeaders = failure === undefined && isRecord(recording.reply) && (isHttp || "headers" in recording.reply);
  const outcome = failure === undefined ? "does what it did" : `no longer fails with ${failure.errorCode}`;
  const added = Object.entries(outputs).map(
    ([name, items]) =>
      `  assert.deepEqual(plain(outputs.${name}.values), ${literal(items.filter(({ verb }) => verb === "add").map(({ value }) => value))});`,
  );
  const expected =
    failure === undefined
      ? [
          `  assert.deepEqual(plain(${hasHeaders ? "withoutCredentials(reply)" : "reply"}), ${literal(recording.reply)});`,
          ...added,
        ]
      : ["  assert.ok(plain(reply) !== null && outputs);"];
  return [
    `import assert from "node:assert/strict";`,
    `import { test } from "node:test";`,
    ...(hasHeaders && !isHttp ? [`import { Reply } from "dapr-functions";`] : []),
    `import { ${isHttp ? "httpRequest, " : ""}invoke } from "dapr-functions/testing";`,
    `import { ${className} } from ${JSON.stringify(module)};`,
    "",
    `/** As JSON leaves it: recorded values are plain. */`,
    "const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));",
    "",
    ...(hasHeaders ? withoutCredentials(isHttp) : []),
    `test(${JSON.stringify(`${functionName} ${outcome} (recorded ${recording.time})`)}, async () => {`,
    `  const { reply, outputs } = await invoke(new ${className}(), ${JSON.stringify(methodName)}, ${payload} as never${options});`,
    ...expected,
    "});",
    "",
  ].join("\n");
}

/** Leaves out of a reply what was left out of the recording. */
function withoutCredentials(isHttp: boolean): readonly string[] {
  return [
    "/** Headers that look like credentials, and cookies, are not recorded. */",
    "const withoutCredentials = (reply: unknown): unknown => {",
    ...(isHttp ? [] : ["  if (!(reply instanceof Reply)) return reply;"]),
    "  const { cookies: _, headers, ...rest } = reply as { cookies?: unknown; headers?: Headers | Record<string, unknown> };",
    "  if (headers === undefined) return rest;",
    "  const entries: [string, unknown][] = headers instanceof Headers ? [...headers] : Object.entries(headers);",
    `  return { ...rest, headers: Object.fromEntries(entries.filter(([name]) => !${credentialNames}.test(name))) };`,
    "};",
    "",
  ];
}

function requestLiteral({ method, path, query, params, headers }: RecordedRequest): string {
  const parts = { method, path, params };
  const members = Object.entries(parts).map(([name, value]) => `${name}: ${print(value)}`);
  const made = [`query: new URLSearchParams(${print(query)})`, `headers: new Headers(${print(headers)})`];
  return `{ ${[...members, ...made].join(", ")} }`;
}

/** A literal of TypeScript for a recorded value. */
function literal(value: unknown): string {
  return print(fromRecorded(value));
}

function print(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Uint8Array) return `new Uint8Array([${value.join(", ")}])`;
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${property(name)}: ${print(member)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return text(value);
}

/** A member of that name, which `__proto__` without brackets is not. */
function property(name: string): string {
  return name === "__proto__" ? `["__proto__"]` : text(name);
}

function text(value: unknown): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}
