import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Figures } from "../bench.js";
import { Rounds } from "../rounds.js";

const kinds = ["built JavaScript", "TypeScript"] as const;
type Kind = (typeof kinds)[number];

/** `run --watch`: from the moment at which a file is saved to the first answer of what it says now, through the sidecar. */
export async function watch(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const scenario = "run --watch, from a save to its first answer";
  bench.progress(scenario);
  const apps = {} as Record<Kind, Watched>;
  try {
    for (const kind of kinds) apps[kind] = await Watched.start(bench, kind);
    const rounds = await Rounds.interleave(kinds, 5, async (kind) => ({ milliseconds: await apps[kind].edit() }));
    const medians = rounds.medians();
    const slowest = Math.max(...kinds.map((kind) => medians[kind]!["milliseconds"]!));
    return [{ scenario, contestants: medians, ratios: { "slower of them, ms": slowest } }];
  } finally {
    for (const app of Object.values(apps)) await app.close();
  }
}

/** An app under `run --watch`. */
class Watched {
  #version = 0;

  private constructor(
    private readonly kind: Kind,
    private readonly file: string,
    private readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  static async start(bench: Bench, kind: Kind): Promise<Watched> {
    const folder = mkdtempSync(join(bench.folder, "watched-"));
    const swc = join(bench.folder, "node_modules", "@swc");
    if (kind === "TypeScript") symlinkSync(join(bench.root, "node_modules", "@swc"), swc);
    const name = kind === "TypeScript" ? "functions.ts" : "functions.js";
    const file = join(folder, name);
    writeFileSync(file, textOf(kind, 0));
    writeFileSync(join(folder, "package.json"), '{ "name": "watched" }');
    writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "experimentalDecorators": true } }');
    const component = { metadata: { name: "statestore" }, spec: { type: "state.in-memory", version: "v1" } };
    const text = JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind: "Component", ...component });
    writeFileSync(join(folder, "component.yaml"), text);
    const cli = join(bench.folder, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const options = ["--components", "component.yaml", "--dapr-http-port", "0", "--log", "off", "--app-id", "watched"];
    const child = spawn(process.execPath, [cli, "run", name, "--watch", ...options], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const close = async (): Promise<void> => {
      child.kill("SIGTERM");
      await ended;
    };
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line !== "watching for changes") continue;
      // What it says later is read by nobody, and must not fill the pipe.
      child.stdout.resume();
      const [, sidecar] = / its sidecar at (\S+)/.exec(lines.join("\n"))!;
      return new Watched(kind, file, `${sidecar}/v1.0/invoke/watched/method/version`, close);
    }
    throw new Error(`run --watch ended before it watched, and had said:\n${lines.join("\n")}`);
  }

  /** Saves another version. @returns milliseconds until it answers */
  async edit(): Promise<number> {
    const version = ++this.#version;
    const begin = performance.now();
    writeFileSync(this.file, textOf(this.kind, version));
    for (;;) {
      const answer = await fetch(this.url, {
        method: "POST",
        body: "1",
        headers: { "content-type": "application/json" },
      });
      if ((await answer.text()) === String(version)) return performance.now() - begin;
      if (performance.now() - begin > 60_000) throw new Error(`${this.kind}: version ${version} never answered`);
      await delay(5);
    }
  }
}

function textOf(kind: Kind, version: number): string {
  if (kind === "TypeScript") {
    return `import { DaprServiceInvocationTrigger } from "dapr-functions";
export class Functions {
  @DaprServiceInvocationTrigger()
  version(): number {
    return ${version};
  }
}
`;
  }
  return `const { DaprServiceInvocationTrigger } = require("dapr-functions");
class Functions {
  version() {
    return ${version};
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Functions.prototype, "version");
DaprServiceInvocationTrigger()(Functions.prototype, "version", descriptor);
exports.Functions = Functions;
`;
}
