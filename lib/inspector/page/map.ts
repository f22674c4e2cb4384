import type { DescribedFunction } from "./wire.js";

const width = 480;
const row = 34;
const boxes = { left: 1, middle: 166, right: 331, width: 148, height: 24 };
const maxText = 22;

/** Functions with what triggers them on the left, and what they read and send on the right. */
export function drawMap(functions: readonly DescribedFunction[]): SVGElement {
  const left = unique(functions.map(({ trigger, appId }) => source(trigger, appId)));
  const right = unique(functions.flatMap(({ reads, sends }) => [...reads, ...sends]));
  const names = functions.map(({ appId, name }) => `${appId}/${name}`);
  const rows = Math.max(left.length, right.length, names.length, 1);
  const svg = made("svg", {
    viewBox: `0 0 ${width} ${rows * row + 10}`,
    role: "img",
    "aria-label": describe(functions),
  });
  const at = (list: readonly string[], text: string) => 10 + list.indexOf(text) * row + boxes.height / 2;
  for (const { trigger, appId, name, reads, sends } of functions) {
    const own = at(names, `${appId}/${name}`);
    svg.append(arrow(boxes.left + boxes.width, at(left, source(trigger, appId)), boxes.middle, own));
    for (const target of unique([...reads, ...sends])) {
      svg.append(arrow(boxes.middle + boxes.width, own, boxes.right, at(right, target)));
    }
  }
  for (const [x, texts, kind] of [
    [boxes.left, left, "source"],
    [boxes.middle, names, "function"],
    [boxes.right, right, "target"],
  ] as const) {
    for (const text of texts) svg.append(...box(x, at(texts, text) - boxes.height / 2, text, kind));
  }
  return svg;
}

/** The same in words, for people who do not see the picture. */
export function describe(functions: readonly DescribedFunction[]): string {
  return functions
    .map(({ appId, name, trigger, reads, sends }) => {
      const parts = [
        reads.length > 0 ? `reads ${reads.join(", ")}` : "",
        sends.length > 0 ? `sends to ${sends.join(", ")}` : "",
      ];
      return `${appId}/${name}: ${source(trigger, appId)}; ${parts.filter((part) => part !== "").join("; ")}`;
    })
    .join(". ");
}

function source(trigger: string, appId: string): string {
  return trigger === "invoke" ? `callers of ${appId}` : trigger;
}

function box(x: number, y: number, text: string, kind: string): SVGElement[] {
  const shown = text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
  const title = made("title", {});
  title.textContent = text;
  const label = made("text", { x: String(x + 8), y: String(y + 16) });
  label.textContent = shown;
  const frame = made("rect", {
    x: String(x),
    y: String(y),
    width: String(boxes.width),
    height: String(boxes.height),
    rx: "4",
    class: kind,
  });
  frame.append(title);
  return [frame, label];
}

function arrow(fromX: number, fromY: number, toX: number, toY: number): SVGElement {
  const middle = (fromX + toX) / 2;
  return made("path", { d: `M${fromX} ${fromY} C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}` });
}

function made(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
