import assert from "node:assert/strict";
import fc from "fast-check";
import ts from "typescript";
import { readFunction } from "../../lib/azure/adopt/read-function.js";
import { writeClass } from "../../lib/azure/adopt/write-class.js";
import { toFunctionFiles } from "../../lib/azure/app/function-files.js";
import { toFunctionJson, toFunctionJsonText } from "../../lib/azure/app/function-json.js";
import type { JsonValue } from "../../lib/model/bindings.js";
import type { FunctionDefinition } from "../../lib/model/function-definition.js";
import { readJsonWithComments } from "../../lib/model/jsonc.js";
import { hostileNames, holds, json, text, textWith } from "./property.js";

const option = fc.oneof(text, textWith(["\n", '"', "\\", "%a%", "{b}", "`", "${", "*/", "\u2028", "'"]));
const identifier = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,6}$/);
const members = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...hostileNames, "type", "path"), option), json))
  .map((entries) => Object.fromEntries(entries) as Record<string, JsonValue>);

const definition = fc
  .record({
    name: identifier,
    key: option,
    store: option,
    topic: option,
    metadata: fc.dictionary(option, option),
    members,
  })
  .map(({ name, key, store, topic, metadata, members: own }): FunctionDefinition => ({
    name,
    className: "F",
    methodName: name,
    target: class F {},
    trigger: { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: store, topic },
    inputs: [
      { type: "daprState", direction: "in", name: "before", stateStore: store, key, metadata },
      { generic: true, type: "blob", direction: "in", name: "blob", members: own },
    ],
    outputs: [{ type: "daprState", direction: "out", name: "after", stateStore: store, key }],
    entries: [],
    clients: [],
  }));

describe("the function.json of any options", () => {
  it("is text that says the same, twice the same, read also with comments allowed", () =>
    expect(
      holds([definition], (given) => {
        const written = toFunctionJsonText(given);
        assert.equal(toFunctionJsonText(given), written);
        const said = JSON.stringify(toFunctionJson(given));
        assert.equal(JSON.stringify(JSON.parse(written)), said);
        // What is neither a member nor a bracket stands on the line of its binding.
        assert.equal(written.split("\n").length, 6 + toFunctionJson(given).bindings.length + 1);
        if (!said.includes('"__proto__"')) assert.equal(JSON.stringify(readJsonWithComments(written).value), said);
      }),
    ).resolves.toBe("held"));

  it("is adopted as what it was", () =>
    expect(
      holds([definition], (given) => {
        const functionJson = toFunctionJsonText({ ...given, inputs: given.inputs.slice(0, 1) });
        const { fn } = readFunction({ name: given.name, functionJson, files: [], exists: () => true });
        const { pubSubName, topic } = given.trigger as never as { pubSubName: string; topic: string };
        assert.deepEqual([fn!.name, fn!.trigger.decorator], [given.name, "DaprTopicTrigger"]);
        assert.deepEqual(fn!.trigger.options["pubSubName"], pubSubName);
        assert.deepEqual(fn!.trigger.options["topic"], topic);
        const { stateStore, key } = given.outputs[0] as never as { stateStore: string; key: string };
        assert.deepEqual({ ...fn!.outputs[0]!.options }, { stateStore, key });
      }),
    ).resolves.toBe("held"));

  it("has a shim that is a program, whatever the module's path", () =>
    expect(
      holds([definition, option], (given, module) => {
        fc.pre(module.isWellFormed());
        const shim = toFunctionFiles([given], { module })[`${given.name}/index.cjs`]!;
        assert.deepEqual(faultsOf(shim), []);
      }),
    ).resolves.toBe("held"));
});

function faultsOf(source: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(source, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, experimentalDecorators: true },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

describe("a function.json of any kind", () => {
  const word = fc.oneof(
    fc.constantFrom("in", "out", "inout", "IN", "http", "httpTrigger", "daprTopicTrigger", "daprState", "fooTrigger"),
    option,
    json,
  );
  const binding = fc
    .array(
      fc.tuple(
        fc.constantFrom("type", "Type", "direction", "name", "dataType", "topic", "key", "metadata", "methods", "x-y"),
        word,
      ),
      { maxLength: 7 },
    )
    .map((entries): unknown => Object.fromEntries([["type", "daprServiceInvocationTrigger"], ...entries]));
  const file = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        bindings: fc.oneof(fc.array(binding, { maxLength: 4 }), binding),
        retry: json,
        entryPoint: word,
      }),
    },
    { weight: 1, arbitrary: json },
  );

  it("is adopted as a class that is a program, or skipped with a finding", () =>
    expect(
      holds([file, option], (given, script) => {
        const functionJson = JSON.stringify(given);
        const { fn, findings } = readFunction({ name: "Orders", functionJson, files: [script], exists: () => false });
        if (fn === undefined) return assert.ok(findings.some(({ kind }) => kind === "skipped"));
        assert.deepEqual(faultsOf(writeClass("Orders", [fn], "..")), []);
      }),
    ).resolves.toBe("held"));

  it("that is any text is skipped or read", () =>
    expect(
      holds(
        [textWith(["{", "}", '"', "bindings", ":", "[", "]", "//", "/*", "\n", ",", "\u{feff}"])],
        (functionJson) => {
          readFunction({ name: "Orders", functionJson, files: [], exists: () => false });
        },
      ),
    ).resolves.toBe("held"));
});
