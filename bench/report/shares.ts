/** What of V8's CPU profile is looked at. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** Ids of nodes, with as many microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Of all the time that was not idle: 0 to 1. */
  readonly share: number;
}

const special: Readonly<Record<string, string | undefined>> = {
  "(garbage collector)": "garbage collector",
  "(program)": "native (sockets, the kernel)",
  "(root)": "native (sockets, the kernel)",
  "(idle)": "idle",
};

const library = "dapr-functions";

/**
 * Self time by whose code it is, and that of the library by file of its dist/, largest first. What the engine itself
 * provides, such as JSON.parse, counts for who called it.
 */
export function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): { kinds: Share[]; files: Share[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const frameOf = (id: number): { kind: string; file?: string } => {
    const { functionName, url } = byId.get(id)!.callFrame;
    const caller = callers.get(id);
    const kind = special[functionName];
    if (kind !== undefined && url === "") return { kind };
    if (url === "" && caller !== undefined) return frameOf(caller);
    return placeOf(url);
  };
  const kinds = new Map<string, number>();
  const files = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const { kind, file } = frameOf(id);
    const time = timeDeltas[index]!;
    if (kind === "idle") return;
    total += time;
    kinds.set(kind, (kinds.get(kind) ?? 0) + time);
    if (file !== undefined) files.set(file, (files.get(file) ?? 0) + time);
  });
  return { kinds: sharesIn(kinds, total), files: sharesIn(files, total) };
}

/** `node:…`, a file of the library's dist/, of another package, or of the app. */
function placeOf(url: string): { kind: string; file?: string } {
  if (url === "" || url.startsWith("node:")) return { kind: "node" };
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url);
  if (inPackage === null) return { kind: "the app" };
  const [, name, path] = inPackage;
  return name === library ? { kind: library, file: path!.replace(/^dist\//, "") } : { kind: name! };
}

function sharesIn(times: ReadonlyMap<string, number>, total: number): Share[] {
  return [...times].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share);
}
