import type { AppMap, MapNodeKind } from "./graph.js";

const shapes: Readonly<Record<MapNodeKind, readonly [string, string]>> = {
  callers: ["([", "])"],
  http: ["([", "])"],
  function: ["[", "]"],
  topic: ["{{", "}}"],
  binding: ["[/", "/]"],
  state: ["[(", ")]"],
  secrets: ["[(", ")]"],
  app: ["[[", "]]"],
  other: ["[/", "/]"],
};

/** The map as a flowchart of Mermaid. Equal maps give equal text. */
export function toMermaid({ nodes, edges }: AppMap): string {
  const ids = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    "flowchart LR",
    ...nodes.map(({ id, kind, label, detail }) => {
      const [open, close] = shapes[kind];
      const text = [label, detail]
        .filter((part) => part !== undefined)
        .map(escape)
        .join("<br/>");
      return `  ${ids.get(id)}${open}"${text}"${close}`;
    }),
    ...edges.map(
      ({ from, to, kind }) =>
        `  ${ids.get(from)} ${kind === "reads" ? "-." : "--"}${kind === "triggers" ? "" : ` ${kind} `}${kind === "reads" ? ".->" : "-->"} ${ids.get(to)}`,
    ),
    "",
  ].join("\n");
}

/** Quotes and what Mermaid reads as an entity or markup. */
function escape(text: string): string {
  return text.replace(/["#<>&`]/g, (character) => `#${character.charCodeAt(0)};`);
}
