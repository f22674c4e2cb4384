import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import AjvDraft04 from "ajv-draft-04";
import { toFunctionJson } from "../../../lib/azure/index.js";
import { readFunctions } from "../../../lib/index.js";
import {
  KafkaFunctions,
  OrderFunctions,
  ServiceFunctions,
  StateFunctions,
  TopicFunctions,
} from "../../../examples/orders/functions.js";
import { Parcels } from "../../support/parcels.js";

const definitions = readFunctions([
  Parcels,
  KafkaFunctions,
  OrderFunctions,
  ServiceFunctions,
  StateFunctions,
  TopicFunctions,
]);

function readSchema(path: string): object {
  return JSON.parse(readFileSync(path, "utf8")) as object;
}

describe("our own schema of function.json", () => {
  const validate = new Ajv({ strictTypes: false, strictTuples: false }).compile(
    readSchema(join(__dirname, "function-json.schema.json")),
  );
  const trigger = { type: "daprBindingTrigger", direction: "in", name: "payload" };

  function isValid(bindings: readonly object[], more: object = {}): boolean {
    return validate({ generatedBy: "dapr-functions", scriptFile: "index.cjs", bindings, ...more });
  }

  it.each(definitions.map(({ name }) => name))("takes what is generated for %s", (name) => {
    void validate(toFunctionJson(definitions.find((definition) => definition.name === name)!));
    expect(validate.errors).toBeNull();
  });

  it.each<[string, boolean]>([
    ["a trigger alone", isValid([trigger])],
    ["a binding of any other type", isValid([trigger, { type: "blob", direction: "in", name: "a", path: "b" }])],
    [
      "http with its reply",
      isValid([
        { type: "httpTrigger", direction: "in", name: "req" },
        { type: "http", direction: "out", name: "$return" },
      ]),
    ],
  ])("takes %s", (_, valid) => {
    expect(valid).toBe(true);
  });

  it.each<[string, boolean]>([
    ["no trigger", isValid([])],
    ["a trigger that is not first", isValid([{ type: "blob", direction: "in", name: "a" }, trigger])],
    ["two triggers", isValid([trigger, { ...trigger, name: "b" }])],
    ["a missing direction", isValid([{ type: "daprBindingTrigger", name: "payload" }])],
    ["a direction in another case", isValid([{ ...trigger, direction: "In" }])],
    ["a type in another case", isValid([{ ...trigger, type: "DaprBindingTrigger" }])],
    ["a dataType in another case", isValid([{ ...trigger, dataType: "Binary" }])],
    ["a member that the host does not know", isValid([{ ...trigger, payload: "Order" }])],
    ["a misspelt member", isValid([{ ...trigger, bindingname: "b" }])],
    ["a missing member", isValid([trigger, { type: "daprState", direction: "in", name: "a", stateStore: "s" }])],
    ["a blank member", isValid([{ ...trigger, bindingName: " " }])],
    ["a bad name", isValid([{ ...trigger, name: "my_payload" }])],
    ["$return for anything but http", isValid([trigger, { type: "queue", direction: "out", name: "$return" }])],
    ["methods in upper case", isValid([{ type: "httpTrigger", direction: "in", name: "req", methods: ["POST"] }])],
    ["disabled", isValid([trigger], { disabled: false })],
    ["entryPoint", isValid([trigger], { entryPoint: "run" })],
    [
      "a retry of two kinds",
      isValid([trigger], {
        retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01", minimumInterval: "00:00:01" },
      }),
    ],
    [
      "a retry of 24 hours",
      isValid([trigger], { retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "24:00:00" } }),
    ],
  ])("refuses %s", (_, valid) => {
    expect(valid).toBe(false);
  });
});

/** `FUNCTION_JSON_SCHEMA` names a newer state than that of the installed package. */
function publicSchema(): string | undefined {
  const given = process.env["FUNCTION_JSON_SCHEMA"];
  const path = given ?? join(dirname(require.resolve("schemastore/package.json")), "schemas", "json", "function.json");
  return existsSync(path) ? path : undefined;
}

describe("the public schema of function.json", () => {
  const path = publicSchema();
  const validate: ValidateFunction =
    path === undefined
      ? (Object.assign(() => true, { errors: null }) as unknown as ValidateFunction)
      : new AjvDraft04({ strict: false }).compile(readSchema(path));

  it("is there, at least in CI", () => {
    if (path === undefined) process.stderr.write("not compared with the public schema of function.json: no file\n");
    expect(path !== undefined || process.env["CI"] !== "true").toBe(true);
  });

  it.each(definitions.map(({ name }) => name))("takes what is generated for %s", (name) => {
    void validate(toFunctionJson(definitions.find((definition) => definition.name === name)!));
    expect(validate.errors ?? null).toBeNull();
  });

  it("is one that can refuse", () => {
    const refused = validate({ bindings: [{ type: "http", direction: "in", name: "a" }] });
    expect(refused).toBe(path === undefined);
  });
});
