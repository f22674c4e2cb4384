import { optionsWhere, rowOf } from "../model/binding-table.js";
import type { Binding } from "../model/bindings.js";

/** A text in a binding, with the member it is in; a `metadata` map has one for each of its values. */
export interface MemberText {
  readonly member: string;
  readonly text: string;
}

/** The texts of a binding that may hold `%setting%`; of a generic binding none, since the Functions host reads those. */
export function textsWithSettings(binding: Binding): MemberText[] {
  const texts: MemberText[] = [];
  replaceTexts(binding, (text, member) => {
    texts.push({ member, text });
    return text;
  });
  return texts;
}

/** The texts of a binding that are templates, which may hold `{binding.data}`. */
export function templatesOf(binding: Binding): MemberText[] {
  return textsWithSettings(binding).filter(({ member }) => isTemplate(binding, member));
}

/** False of triggers and of `daprAddress`: a request must not choose who receives the API token. */
export function isTemplate(binding: Binding, member: string): boolean {
  return rowOf(binding)?.options[member]?.expressions === "data";
}

/** The binding with what `replace` makes of each of its {@link textsWithSettings}. */
export function replaceTexts<B extends Binding>(binding: B, replace: (text: string, member: string) => string): B {
  const row = rowOf(binding);
  if (row === undefined) return binding;
  const replaced: Record<string, unknown> = { ...binding };
  for (const member of optionsWhere(row, ({ expressions }) => expressions !== undefined)) {
    if (replaced[member] !== undefined) replaced[member] = replaceWithin(replaced[member], member, replace);
  }
  return replaced as unknown as B;
}

/** Of a list or a map each text, however deep. */
function replaceWithin(value: unknown, member: string, replace: (text: string, member: string) => string): unknown {
  if (typeof value === "string") return replace(value, member);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => replaceWithin(element, member, replace));
  const entries = Object.entries(value).map(([name, text]) => [name, replaceWithin(text, member, replace)] as const);
  return Object.fromEntries(entries);
}
