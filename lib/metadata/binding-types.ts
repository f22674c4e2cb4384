import { bindingTable, type BindingRow, type OptionRow, type TypedDecoratorName } from "../model/binding-table.js";
import type { BindingRole } from "../model/binding-table.js";

/** Decorators of any other binding of the Functions host, whose type and members they are given. */
export type GenericDecoratorName = "Trigger" | "Input" | "Output";

export type BindingDecoratorName = TypedDecoratorName | GenericDecoratorName;

/** What a decorator declares, and which options it takes. */
export type BindingType = Omit<BindingRow, "type"> & { readonly type?: string };

const dataType: OptionRow = { kind: { oneOf: ["string", "binary", "stream"], anyCase: true }, host: "function.json" };

const generic = (role: BindingRole): BindingType => ({ role, options: { dataType } });

/** One row per binding decorator. */
export const bindingTypes: Readonly<Record<BindingDecoratorName, BindingType>> = {
  ...bindingTable,
  Trigger: { ...generic("trigger"), defaultName: "payload" },
  Input: generic("input"),
  Output: generic("output"),
};
