import type { Class } from "../model/payload-type.js";
import type { CheckOptions } from "./check.js";

/** Says once for each class that properties without a rule are dropped, by the first that is. */
export function warnOfDropped(log: { warn(text: string): void }): CheckOptions["onDropped"] {
  const told = new Set<Class>();
  return (type, property) => {
    if (told.has(type)) return;
    told.add(type);
    const name = JSON.stringify(property.slice(0, 100));
    log.warn(
      `${type.name}: what has no rule is dropped, first ${name}; give the property a rule (@Allow() takes anything), ` +
        "or set validation: { whitelist: false }; said once for each class",
    );
  };
}
