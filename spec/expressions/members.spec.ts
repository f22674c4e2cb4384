import { bindingTable, directions, type BindingRow } from "../../lib/model/binding-table.js";
import type { Binding } from "../../lib/model/bindings.js";
import { templatesOf, textsWithSettings } from "../../lib/expressions/members.js";

const textKinds: readonly unknown[] = ["text", "verb", "address", "query", "textMap", "json"];

describe("the members that hold expressions", () => {
  const rows = Object.entries(bindingTable as Readonly<Record<string, BindingRow>>);

  it.each(rows)("of @%s are all its texts but a topic's match and an http route", (_, { role, type, options }) => {
    const texts = Object.fromEntries(Object.keys(options).map((member) => [member, "text"]));
    const binding = { type, direction: directions[role], name: "b", ...texts } as unknown as Binding;
    const taken = Object.entries(options)
      .filter(([member, { kind }]) => textKinds.includes(kind) && member !== "match" && type !== "httpTrigger")
      .map(([member]) => member);
    expect(textsWithSettings(binding).map(({ member }) => member)).toEqual(taken);
    expect(templatesOf(binding).map(({ member }) => member)).toEqual(
      role === "trigger" ? [] : taken.filter((member) => member !== "daprAddress"),
    );
  });

  it("of a map are its values", () => {
    const binding: Binding = {
      type: "daprSecret",
      direction: "in",
      name: "token",
      secretStoreName: "vault",
      key: "carrier",
      metadata: { version_id: "2", namespace: "{ns}" },
    };
    expect(templatesOf(binding)).toEqual([
      { member: "secretStoreName", text: "vault" },
      { member: "key", text: "carrier" },
      { member: "metadata", text: "2" },
      { member: "metadata", text: "{ns}" },
    ]);
  });

  it("of a generic binding are the Functions host's business", () => {
    const members = { path: "%st%/{id}" };
    expect(textsWithSettings({ generic: true, type: "blob", direction: "in", name: "b", members })).toEqual([]);
  });
});
