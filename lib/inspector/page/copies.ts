import type { DescribedFunction, InvocationRecord, Preview } from "./wire.js";

/** Why an invocation cannot be made again; undefined when it can. */
export function obstacle({ payload, trigger }: InvocationRecord): string | undefined {
  if (trigger.type === "binding") return undefined;
  if (payload === undefined) return "its payload was refused before it was read";
  return payload.isCut ? "its payload is too large to be kept whole" : undefined;
}

/** What is sent to the sidecar to make an invocation again. */
export function requestOf(record: InvocationRecord): {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
} {
  const { trigger, appId, payload } = record;
  if (trigger.type === "topic") {
    const [pubsub = "", ...topic] = trigger.where.split("/");
    return {
      method: "POST",
      path: `/v1.0/publish/${enc(pubsub)}/${topic.map(enc).join("/")}`,
      body: dataOf(payload?.text),
    };
  }
  const [method = "POST"] = trigger.where.split(" ");
  const verb = trigger.type === "binding" ? "POST" : method;
  const path = `/v1.0/invoke/${enc(appId)}/method/${trigger.path.replace(/^\//, "")}`;
  const hasBody = !["GET", "HEAD", "DELETE"].includes(verb);
  return { method: verb, path, ...(hasBody && payload !== undefined && { body: payload.text }) };
}

/** The data of an event, as JSON text. */
function dataOf(event: string | undefined): string {
  const parsed = JSON.parse(event === undefined || event === "" ? "{}" : event) as { data?: unknown };
  return JSON.stringify(parsed.data ?? null);
}

/** A command for a POSIX shell. */
export function toCurl(record: InvocationRecord, url: string): string {
  const { method, path, body } = requestOf(record);
  const data = body === undefined ? [] : ["-H 'content-type: application/json'", `-d ${quoted(body)}`];
  return [`curl -X ${method}`, ...data, quoted(url + path)].join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function enc(part: string): string {
  return encodeURIComponent(part);
}

/** A test for node:test that makes the invocation on fakes and expects what it did. */
export function toTest(record: InvocationRecord, { className, methodName, module }: DescribedFunction): string {
  const inputs = record.reads
    .filter(({ value, error }) => value !== undefined && error === undefined)
    .map(({ name, value }) => `${JSON.stringify(name)}: ${literal(value)}`);
  const options = inputs.length === 0 ? "" : `, { inputs: { ${inputs.join(", ")} } }`;
  const call = `invoke(new ${className}(), ${JSON.stringify(methodName)}, ${literal(record.payload)}${options})`;
  const names = [...new Set(record.items.map(({ name }) => name))];
  const expectations = names.map((name) => {
    const values = record.items.filter((item) => item.name === name && item.verb === "add").map(({ value }) => value);
    return values.some(({ isCut }) => isCut)
      ? `  // What was added to ${name} was not kept whole.`
      : `  assert.deepEqual(json(outputs[${JSON.stringify(name)}].values), [${values.map(literal).join(", ")}]);`;
  });
  const body =
    record.failure === undefined
      ? [
          `  const { ${names.length > 0 ? "reply, outputs" : "reply"} } = await ${call};`,
          expectationOf(record.reply),
          ...expectations,
        ]
      : [`  await assert.doesNotReject(${call}); // it failed: ${oneLine(record.failure.message)}`];
  return [
    `import assert from "node:assert/strict";`,
    `import { test } from "node:test";`,
    `import { invoke } from "dapr-functions/testing";`,
    `import { ${className} } from ${JSON.stringify(module ?? "./functions.js")};`,
    "",
    "const json = (value) => JSON.parse(JSON.stringify(value));",
    "",
    `test(${JSON.stringify(`${record.functionName}, as at ${new Date(record.begun).toISOString()}`)}, async () => {`,
    ...body,
    "});",
    "",
  ].join("\n");
}

function expectationOf(reply: Preview | undefined): string {
  if (reply === undefined || reply.text === "") return "  assert.deepEqual(reply, undefined);";
  return reply.isCut ? "  // The reply was not kept whole." : `  assert.deepEqual(json(reply), ${literal(reply)});`;
}

/** What a preview shows is JSON where it is whole; `__proto__` in a literal would be no member. */
function literal(preview: Preview | undefined): string {
  if (preview === undefined || preview.text === "") return "undefined";
  if (preview.isCut) return "undefined /* was not kept whole */";
  const json = preview.text.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  return json.includes('"__proto__"') ? `JSON.parse(${JSON.stringify(json)})` : json;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u2028\u2029]+/g, " ");
}
