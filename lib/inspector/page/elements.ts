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
