import type { Binding } from "../../model/bindings.js";
import { settingNames } from "../../expressions/settings.js";
import { bindingsOf, placeOf, type FunctionDefinition } from "../../model/function-definition.js";
import { labelOf } from "../../model/problem.js";
import { textsWithSettings } from "../../expressions/members.js";
import { isGeneric, toFunctionJson } from "./function-json.js";
import { isServedByHost, type Bindings } from "./served-by.js";

/** A setting that the functions of an app name, and everywhere they do. */
export interface SettingUse {
  /** As it is spelt; of several spellings the first by code unit. */
  readonly name: string;
  readonly places: readonly SettingPlace[];
}

export interface SettingPlace {
  readonly definition: FunctionDefinition;
  /** `output "stored"` */
  readonly binding: string;
  readonly member: string;
  /** True for a `connection`, which may also be a prefix: `DepotStorage__serviceUri`. */
  readonly connection: boolean;
}

/**
 * Every `%name%` and generic `connection` in what function.json would say, and in what is left to the worker, one entry
 * per name, ignoring case.
 */
export function settingsOf(definitions: readonly FunctionDefinition[], by: Bindings): SettingUse[] {
  const uses = new Map<string, { name: string; places: SettingPlace[] }>();
  const add = (name: string, place: SettingPlace): void => {
    const key = name.toLowerCase();
    const use = uses.get(key);
    if (use === undefined) uses.set(key, { name, places: [place] });
    else {
      // The same text whatever the order of the modules: of several spellings the first by code unit stands.
      if (name < use.name) use.name = name;
      use.places.push(place);
    }
  };
  for (const definition of definitions) {
    const json = toFunctionJson(definition, { bindings: by });
    const written = new Map(json.bindings.map((binding) => [binding.name, binding]));
    for (const binding of bindingsOf(definition)) {
      const at = labelOf(definition, binding);
      const texts = isServedByHost(definition, binding, by)
        ? Object.entries(written.get(binding.name) ?? {})
        : textsWithSettings(binding).map(({ member, text }) => [member, text] as const);
      for (const [member, text] of texts) {
        if (typeof text !== "string" || !hasSettings(binding, member)) continue;
        const place = { definition, binding: at, member, connection: false };
        for (const name of namesIn(text)) add(name, place);
        if (isGeneric(binding) && member === "connection" && text !== "" && !text.includes("%")) {
          add(text, { ...place, connection: true });
        }
      }
    }
  }
  return [...uses.values()];
}

/** `Parcels.store, output "stored", stateStore` */
export function describePlace({ definition, binding, member }: SettingPlace): string {
  return `${placeOf(definition)}, ${binding}, ${member}`;
}

function hasSettings(binding: Binding, member: string): boolean {
  if (["type", "direction", "name", "dataType"].includes(member)) return false;
  // The host reads no settings in an http route.
  return !(binding.type === "httpTrigger" && member === "route");
}

function namesIn(text: string): string[] {
  if (!text.includes("%")) return [];
  try {
    return settingNames(text);
  } catch {
    return []; // setting-unclosed was reported when the class was read
  }
}
