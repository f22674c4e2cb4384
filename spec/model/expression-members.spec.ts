import { bindingTypes } from "../../lib/metadata/binding-types.js";
import type { Binding } from "../../lib/model/bindings.js";
import { templatesOf, textsWithSettings } from "../../lib/model/expression-members.js";

describe("the members that hold expressions", () => {
  const rows = Object.entries(bindingTypes).filter(([, { type }]) => type !== undefined);

  it.each(rows)("of @%s are those that its decorator takes them in", (_, { role, type, members }) => {
    const direction = role === "output" ? "out" : "in";
    const texts = Object.fromEntries(Object.keys(members).map((member) => [member, "text"]));
    const binding = { type, direction, name: "b", ...texts } as unknown as Binding;
    const named = (passes: readonly string[]) =>
      Object.entries(members)
        .filter(([, rule]) => passes.includes(rule.passes))
        .map(([member]) => member);
    expect(
      textsWithSettings(binding)
        .map(({ member }) => member)
        .sort(),
    ).toEqual(named(["both", "settings"]).sort());
    expect(
      templatesOf(binding)
        .map(({ member }) => member)
        .sort(),
    ).toEqual(named(["both"]).sort());
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
