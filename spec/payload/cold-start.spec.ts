import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { consumerProject } from "../support/packed.js";

/** Runs a script in a fresh process of a project that has the packed library, and answers with what it prints as JSON. */
function run(project: string, script: string): unknown {
  const preamble = `
    const { compileCheck, describePayloadType } = require(${JSON.stringify(join(project, "node_modules/dapr-functions/dist/payload/payload-type.js"))});
    const loaded = () => ["class-validator", "class-transformer"].filter((name) =>
      Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/")));
    const print = (value) => console.log(JSON.stringify(value));
  `;
  const args = ["--no-warnings", "-e", preamble + script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: project, encoding: "utf8" }));
}

describe("with the packages of payload classes", () => {
  let project: string;

  beforeAll(() => {
    const packages = ["arktype", "class-transformer", "class-validator", "reflect-metadata", "zod"];
    project = consumerProject({ packages });
  }, 120_000);

  it("loads none of them before the check of a class is compiled", () => {
    const script = `
      require("dapr-functions");
      require("dapr-functions/testing");
      compileCheck(require("zod").z.object({}));
      const before = loaded();
      compileCheck(class Order {});
      const unruled = loaded();
      const { IsString } = require("class-validator");
      class Ruled {}
      IsString()(Ruled.prototype, "id");
      const issues = compileCheck(Ruled)({ id: 1 }).issues.length;
      print({ before, unruled, issues });
    `;
    expect(run(project, script)).toEqual({ before: [], unruled: ["class-transformer"], issues: 1 });
  });

  it("takes the functions of arktype for the schemas that they are", () => {
    const script = `
      const { type } = require("arktype");
      const schema = type({ id: "string", items: type({ price: "number > 0" }).array() });
      const check = compileCheck(schema);
      print({
        kind: typeof schema,
        text: describePayloadType(schema),
        good: check({ id: "1", items: [{ price: 1 }] }),
        bad: check({ items: [{ price: 1 }, { price: -1 }] }),
      });
    `;
    expect(run(project, script)).toEqual({
      kind: "function",
      text: "an arktype schema",
      good: { value: { id: "1", items: [{ price: 1 }] } },
      bad: {
        issues: [
          { path: "id", message: "id must be a string (was missing)", rule: "required" },
          { path: "items[1].price", message: "items[1].price must be positive (was -1)", rule: "min" },
        ],
        quotesValues: true,
      },
    });
  });
});

it("names the packages to install when they are missing", () => {
  const script = `
    class Order {}
    try { compileCheck(Order); print("compiled"); } catch ({ name, code, message }) { print({ name, code, message }); }
  `;
  expect(run(consumerProject(), script)).toEqual({
    name: "DefinitionError",
    code: "peer-missing",
    message:
      "peer-missing: Order is a payload class, which needs class-transformer, and class-transformer is not installed; " +
      "run npm install class-validator class-transformer",
  });
}, 120_000);
