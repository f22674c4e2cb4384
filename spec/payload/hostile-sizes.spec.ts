import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { consumerProject } from "../support/packed.js";

/** Names of payloads → how many times as long as its JSON.parse the check of each takes. In plain Node: jest is slower. */
function ratios(project: string): Record<string, number> {
  const script = `
    const { compileCheck } = require(${JSON.stringify(join(project, "node_modules/dapr-functions/dist/payload/payload-type.js"))});
    require("reflect-metadata");
    const { Type } = require("class-transformer");
    const { IsArray, IsObject, IsOptional, IsPositive, IsString, ValidateNested } = require("class-validator");
    const decorate = (type, property, ...decorators) =>
      decorators.forEach((decorator) => decorator(type.prototype, property));
    class Line {}
    decorate(Line, "sku", IsString());
    decorate(Line, "price", IsPositive());
    class Order {}
    decorate(Order, "id", IsString());
    decorate(Order, "total", IsPositive());
    decorate(Order, "lines", IsOptional(), IsArray(), ValidateNested({ each: true }), Type(() => Line));
    decorate(Order, "bag", IsOptional(), IsObject());
    decorate(Order, "tags", IsOptional(), IsString({ each: true }));

    const order = { id: "41", total: 3 };
    const line = { sku: "a", price: 1 };
    const wide = (members) => Object.fromEntries(Array.from({ length: members }, (_, index) => ["p" + index, 1]));
    const lines = (...more) => ({ ...order, lines: [...Array(40_000).fill(line), ...more] });
    let deep = {};
    for (let level = 0; level < 95; level++) deep = { a: deep };
    const payloads = {
      "members that no rule is about": { ...order, ...wide(100_000) },
      "more members than are accepted": { ...order, ...wide(510_000) },
      "members of an element": { ...order, lines: [{ ...line, ...wide(100_000) }] },
      "members of an object without a class": { ...order, bag: wide(100_000) },
      "elements": lines(),
      "elements, one of which is invalid": lines({ sku: 1 }),
      "elements, one of which is not an object": lines(5),
      "elements, one of which is a list": lines([5]),
      "elements beside a property that is invalid": { ...lines(), id: 5 },
      "elements beside a list where text is due": { ...lines(), id: [] },
      "elements that are all invalid": { ...order, lines: Array(40_000).fill({}) },
      "elements of no class": { ...order, tags: Array(49_000).fill("t") },
      "more elements than are accepted": { ...order, lines: Array(300_000).fill(line) },
      "levels": { ...order, bag: { list: Array(400).fill(deep) } },
    };
    const check = compileCheck(Order);
    const shortest = (run) => {
      const times = Array.from({ length: 7 }, () => {
        // Processor time: other processes take none of it.
        const start = process.cpuUsage();
        run();
        const { user, system } = process.cpuUsage(start);
        return user + system;
      });
      return Math.min(...times);
    };
    const ratios = Object.entries(payloads).map(([name, payload]) => {
      const text = JSON.stringify(payload);
      return [name, shortest(() => check(payload)) / shortest(() => JSON.parse(text))];
    });
    console.log(JSON.stringify(Object.fromEntries(ratios)));
  `;
  const options = { cwd: project, encoding: "utf8", maxBuffer: 2 ** 24 } as const;
  return JSON.parse(execFileSync(process.execPath, ["--no-warnings", "-e", script], options)) as Record<string, number>;
}

it("blocks for no payload of a class longer than ten times its JSON.parse", () => {
  const found = ratios(consumerProject({ packages: ["class-transformer", "class-validator", "reflect-metadata"] }));
  expect(Object.keys(found)).toHaveLength(14);
  expect(Object.entries(found).filter(([, ratio]) => ratio > 10)).toEqual([]);
}, 300_000);
