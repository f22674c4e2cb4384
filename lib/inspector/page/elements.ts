type Attributes = Readonly<Record<string, string | boolean | undefined | ((event: Event) => unknown)>>;

/** An element with attributes, listeners (`onclick`) and children. Text is text: nothing is ever read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), (event) => void value(event));
    else if (value === true) made.setAttribute(name, "");
    else if (typeof value === "string") made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A heading and JSON below it, laid out. */
export function block(title: string, text: string): Node[] {
  return [
    element("h3", {}, title),
    element("pre", { tabindex: "0", role: "region", "aria-label": title }, pretty(text)),
  ];
}

export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

export function table(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): Node[] {
  if (rows.length === 0) return [];
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  return [
    element("h3", {}, title),
    element("table", { "aria-label": title }, element("thead", {}, head), element("tbody", {}, ...body)),
  ];
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/**
 * Puts nodes in the place of all that is in a container. Where they show the same, what was typed stays, and so do the focus
 * and what was unfolded.
 *
 * @param view what they show
 */
export function put(place: HTMLElement, view: string, ...nodes: readonly (Node | string)[]): void {
  const isSame = place.dataset["view"] === view;
  const active = place.contains(document.activeElement) ? (document.activeElement as HTMLElement) : undefined;
  const focused = active === undefined || active === place ? undefined : nameOf(active);
  const range = active === undefined ? undefined : rangeOf(active);
  const typed = new Map(isSame ? fieldsIn(place).map((field) => [nameOf(field), field.value]) : []);
  const open = new Set(isSame ? foldsIn(place).flatMap((fold) => (fold.open ? [nameOf(fold)] : [])) : []);
  place.dataset["view"] = view;
  place.replaceChildren(...nodes);
  for (const field of fieldsIn(place)) {
    const value = typed.get(nameOf(field));
    const hasIt = !(field instanceof HTMLSelectElement) || [...field.options].some((option) => option.value === value);
    if (value !== undefined && hasIt) field.value = value;
  }
  for (const fold of foldsIn(place)) fold.open = open.has(nameOf(fold));
  if (focused === undefined) return;
  const all = [...place.querySelectorAll<HTMLElement>("button, input, textarea, select, summary, pre")];
  // What had the focus may be gone, a key that was deleted: it is then with what is around it.
  const next = all.find((each) => nameOf(each) === focused && !each.hasAttribute("disabled")) ?? place;
  next.focus();
  if (range !== undefined && isText(next)) next.setSelectionRange(...range);
}

function fieldsIn(place: HTMLElement): readonly Field[] {
  return [...place.querySelectorAll<Field>("input, textarea, select")];
}

function foldsIn(place: HTMLElement): readonly HTMLDetailsElement[] {
  return [...place.querySelectorAll("details")];
}

/** Its form, its kind and what it is labelled with. */
function nameOf(part: HTMLElement): string {
  const [label] = (part as Partial<Field>).labels ?? [];
  const text = label?.firstChild ?? part.querySelector("summary") ?? part;
  const form = part.closest("form")?.getAttribute("aria-label") ?? "";
  return [form, part.tagName, part.getAttribute("aria-label") ?? text.textContent].join(" ");
}

function isText(part: HTMLElement): part is HTMLInputElement | HTMLTextAreaElement {
  return part instanceof HTMLInputElement || part instanceof HTMLTextAreaElement;
}

function rangeOf(part: HTMLElement): [number, number] | undefined {
  if (!isText(part) || part.selectionStart === null || part.selectionEnd === null) return undefined;
  return [part.selectionStart, part.selectionEnd];
}
