import { ExpressionError } from "./error.js";

/** Where `%name%` finds its value. */
export interface Settings {
  /** The value, by the exact name first, then ignoring case; `a:b` also finds `a__b`, as environments spell it. */
  get(name: string): string | undefined;
}

/** Settings out of records, the first that has a name wins; later changes to a record are not seen. */
export function settingsFrom(...sources: readonly Readonly<Record<string, string | undefined>>[]): Settings {
  const layers = sources.map(readLayer);
  return {
    get(name) {
      for (const layer of layers) {
        const value = layer.exact.get(name) ?? layer.folded.get(name.toLowerCase());
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}

function readLayer(source: Readonly<Record<string, string | undefined>>) {
  const exact = new Map<string, string>();
  const folded = new Map<string, string>();
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue;
    exact.set(name, value);
    for (const spelling of [name, name.replaceAll("__", ":")]) {
      if (!exact.has(spelling)) exact.set(spelling, value);
      if (!folded.has(spelling.toLowerCase())) folded.set(spelling.toLowerCase(), value);
    }
  }
  return { exact, folded };
}

/**
 * The names between `%` and `%`, in order.
 *
 * @throws ExpressionError `setting-unclosed`: a `%` without its pair, with nothing or with a brace in between. There is
 *   no escape: a lone `%` can only come out of a setting.
 */
export function settingNames(text: string): string[] {
  const names: string[] = [];
  for (const { name, position } of settingsIn(text)) {
    if (name === "") throw unclosed(text, position, "has nothing before the next; name a setting between them");
    if (/[{}]/.test(name)) throw unclosed(text, position, "pairs with one beyond a brace; name a setting between them");
    names.push(name);
  }
  return names;
}

/**
 * The text with every `%name%` replaced by its setting's value, left to right; values are not looked at again.
 *
 * @throws ExpressionError `setting-unclosed`; `setting-missing` when there is no such setting or it is blank
 */
export function substituteSettings(text: string, settings: Settings): string {
  let result = "";
  let end = 0;
  for (const { name, position } of settingsIn(text)) {
    const value = settings.get(name);
    if (value === undefined || value.trim() === "") {
      const state = value === undefined ? "missing" : "blank";
      throw new ExpressionError("setting-missing", `the setting "${name}" is ${state}; give it a value`, {
        subject: name,
        position,
      });
    }
    result += text.slice(end, position) + value;
    end = position + name.length + 2;
  }
  return result + text.slice(end);
}

function* settingsIn(text: string): Generator<{ readonly name: string; readonly position: number }> {
  let start = text.indexOf("%");
  while (start !== -1) {
    const end = text.indexOf("%", start + 1);
    if (end === -1) throw unclosed(text, start, 'has no pair; write "%name%" with the name of a setting');
    yield { name: text.slice(start + 1, end), position: start };
    start = text.indexOf("%", end + 1);
  }
}

function unclosed(text: string, position: number, fault: string): ExpressionError {
  return new ExpressionError("setting-unclosed", `in "${text}" the "%" at position ${position} ${fault}`, { position });
}
