import { bindingTable, directions, outputTypes, rowOf, type BindingRow } from "../../lib/model/binding-table.js";
import type { Binding } from "../../lib/model/bindings.js";

const rows = Object.entries(bindingTable as Readonly<Record<string, BindingRow>>);

describe("the table of bindings", () => {
  it.each(rows)("finds the row of @%s by its binding", (_, row) => {
    const binding = { type: row.type, direction: directions[row.role], name: "b" } as Binding;
    expect(rowOf(binding)).toBe(row);
  });

  it("has no row for a generic binding, even of a type that has one", () => {
    expect(rowOf({ generic: true, type: "daprState", direction: "in", name: "b", members: {} })).toBeUndefined();
  });

  it.each(rows.filter(([, { host }]) => host !== undefined))(
    "leaves every option of @%s, which the Functions host does not have, to the worker",
    (_, { options }) => {
      expect(Object.values(options).map(({ host }) => host)).toEqual(Object.keys(options).map(() => "worker"));
    },
  );

  it("says of each output what an item may override, options first", () => {
    expect(
      Object.fromEntries(Object.entries(outputTypes).map(([type, { overrides }]) => [type, Object.keys(overrides)])),
    ).toEqual({
      daprBinding: ["bindingName", "operation", "metadata"],
      daprInvoke: ["appId", "methodName", "httpVerb", "headers", "contentType"],
      daprPublish: ["pubSubName", "topic", "metadata", "contentType"],
      daprState: ["stateStore", "key", "metadata", "etag", "options", "event"],
    });
  });
});
