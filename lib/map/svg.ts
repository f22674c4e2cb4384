import type { AppMap, MapEdge, MapNode } from "./graph.js";

/** Milled by eye: 7.2 px a letter of the first line, 6 px of the second. */
const widthOf = ({ label, detail = "" }: MapNode): number =>
  Math.max(90, label.length * 7.2 + 28, detail.length * 6 + 28);
const height = 44;

/**
 * The map as one SVG, read from left to right: what triggers functions, the functions, what they use. It follows the
 * reader's light or dark scheme, and says itself in words to a screen reader. Equal maps give equal text.
 */
export function toSvg({ nodes, edges }: AppMap): string {
  const { graphlib, layout } = require("@dagrejs/dagre") as typeof import("@dagrejs/dagre");
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 70, edgesep: 8, marginx: 16, marginy: 16 });
  for (const node of nodes) graph.setNode(node.id, { width: widthOf(node), height });
  // What is read stands on the right, where it is written: an arrow back is drawn from there.
  for (const edge of edges) {
    const isBack = edge.kind === "reads";
    graph.setEdge(isBack ? edge.to : edge.from, isBack ? edge.from : edge.to, {}, edge.kind);
  }
  layout(graph);
  const { width = 0, height: total = 0 } = graph.graph();
  const lines = edges.map((edge) => edgePath(graph, edge));
  const boxes = nodes.map((node) => nodeBox(graph, node));
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${round(width)} ${round(total)}" width="${round(width)}" height="${round(total)}">
<title>Map of the functions</title>
<desc>${escape(inWords({ nodes, edges }))}</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #1b1f24 } .detail { font-size: 11px; fill: #57606a }
rect { fill: #fff; stroke: #8c959f } path { fill: none; stroke: #8c959f; stroke-width: 1.2 } marker path { fill: #8c959f }
.function rect { fill: #ddf4ff; stroke: #0969da } .topic rect { fill: #fff8c5; stroke: #9a6700; rx: 22px } .state rect { fill: #dafbe1; stroke: #1a7f37 }
.secrets rect { fill: #fbefff; stroke: #8250df } .binding rect { fill: #fff1e5; stroke: #bc4c00 } .app rect { fill: #ffebe9; stroke: #cf222e }
.reads { stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .detail { fill: #9198a1 } rect { fill: #161b22 }
.function rect { fill: #0c2d6b } .topic rect { fill: #3b2f00 } .state rect { fill: #033a16 } .secrets rect { fill: #3c1e70 } .binding rect { fill: #5a1e02 } .app rect { fill: #67060c }
}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0,0 8,4 0,8z"/></marker></defs>
${lines.join("\n")}
${boxes.join("\n")}
</svg>
`;
}

type Graph = InstanceType<(typeof import("@dagrejs/dagre"))["graphlib"]["Graph"]>;

function nodeBox(graph: Graph, node: MapNode): string {
  const { x, y, width } = graph.node(node.id) as { x: number; y: number; width: number };
  const { kind, label, detail } = node;
  const left = round(x - width / 2);
  const top = round(y - height / 2);
  const texts =
    detail === undefined
      ? [`<text x="${round(x)}" y="${round(y + 4)}" text-anchor="middle">${escape(label)}</text>`]
      : [
          `<text x="${round(x)}" y="${round(y - 3)}" text-anchor="middle">${escape(label)}</text>`,
          `<text class="detail" x="${round(x)}" y="${round(y + 13)}" text-anchor="middle">${escape(detail)}</text>`,
        ];
  return `<g class="${kind}"><rect x="${left}" y="${top}" width="${round(width)}" height="${height}" rx="5"/>${texts.join("")}</g>`;
}

function edgePath(graph: Graph, { from, to, kind }: MapEdge): string {
  const isBack = kind === "reads";
  const { points } = graph.edge({ v: isBack ? to : from, w: isBack ? from : to, name: kind }) as {
    points: { x: number; y: number }[];
  };
  const [first, ...rest] = points.map(({ x, y }) => `${round(x)},${round(y)}`);
  // Smooth through the points between: each is the control point of a curve to the middle of its two neighbours.
  const path = rest.length < 2 ? `M${first} L${rest.join(" ")}` : `M${first} ${curve(points)}`;
  const tip = isBack ? 'marker-start="url(#tip)"' : 'marker-end="url(#tip)"';
  return `<path class="${kind}" d="${path}" ${tip}><title>${escape(`${from} ${kind} ${to}`)}</title></path>`;
}

function curve(points: readonly { x: number; y: number }[]): string {
  const inner = points.slice(1, -1);
  return inner
    .map((point, index) => {
      const next = points[index + 2]!;
      const isLast = index === inner.length - 1;
      const end = isLast ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
      return `Q${round(point.x)},${round(point.y)} ${round(end.x)},${round(end.y)}`;
    })
    .join(" ");
}

function inWords({ nodes, edges }: AppMap): string {
  const label = (id: string): string => nodes.find((node) => node.id === id)?.label ?? id;
  return edges
    .map(({ from, to, kind }) =>
      kind === "reads" ? `${label(to)} reads ${label(from)}` : `${label(from)} ${kind} ${label(to)}`,
    )
    .join(". ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
