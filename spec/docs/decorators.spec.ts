import { bindingTable } from "../../lib/model/binding-table.js";
import { textOf } from "./blocks.js";

const text = textOf("docs/decorators.md");

/** The row of a decorator. */
function rowOf(decorator: string): string {
  return text.split("\n").find((line) => line.startsWith(`| \`@${decorator}\` |`)) ?? "";
}

describe("docs/decorators.md", () => {
  it.each(Object.entries(bindingTable))(
    "has a row for @%s, with each of its options and overrides",
    (decorator, row) => {
      const shared = ["daprAddress", "dataType", "name"];
      const options = Object.keys(row.options).filter((option) => !shared.includes(option));
      const items = Object.keys(("itemOnly" in row && row.itemOnly) || {});
      const missing = [...options, ...items].filter(
        (option) => !new RegExp(`\`${option}\\??\``).test(rowOf(decorator)),
      );
      expect({ decorator, isThere: rowOf(decorator) !== "", missing }).toEqual({
        decorator,
        isThere: true,
        missing: [],
      });
    },
  );
});
