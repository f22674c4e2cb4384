import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const names = ["ours", "bare", "fastify", "dapr-sdk"] as const;
export type Name = (typeof names)[number];

/** What `load run` measured. Latencies are milliseconds. */
export interface Load {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Usage {
  readonly cpuMicroseconds: number;
  readonly rss: number;
  readonly heapUsed: number;
}

/** The app on one processor, everything that drives it on the other, where the machine can say so. */
const hasTaskset = spawnable("taskset");
const pinned = (cpu: number, command: string, args: readonly string[]): [string, string[]] =>
  hasTaskset ? ["taskset", ["-c", String(cpu), command, ...args]] : [command, [...args]];

function spawnable(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Builds the load generator and stub sidecar, outside the tree. */
export function buildLoad(root: string): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dapr-functions");
  mkdirSync(cache, { recursive: true });
  const binary = join(cache, "load");
  try {
    execFileSync("go", ["build", "-o", binary, "."], { cwd: join(root, "bench", "load"), stdio: "inherit" });
  } catch (cause) {
    throw new Error("the benchmark needs Go (https://go.dev) for its load generator, which is written in it", {
      cause,
    });
  }
  return binary;
}

export class Stub {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly port: number,
  ) {}

  static async start(load: string): Promise<Stub> {
    const [command, args] = pinned(1, load, ["stub"]);
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    return new Stub(child, lines, Number(first.value));
  }

  /** How many requests it has answered so far. */
  async requests(): Promise<number> {
    this.child.stdin!.write("\n");
    return Number((await this.lines.next()).value);
  }

  close(): void {
    this.child.kill();
  }
}

/** One contestant in a process of its own. */
export class App {
  private constructor(
    private readonly child: ChildProcess,
    readonly name: string,
    readonly port: number,
  ) {}

  static async start(folder: string, name: string, sidecarPort: number, args: readonly string[] = []): Promise<App> {
    const script = join(folder, "contestants", "main.js");
    if (!existsSync(script)) throw new Error(`${script} is missing: build the benchmark first`);
    const [command, all] = pinned(0, process.execPath, ["--expose-gc", script, name, String(sidecarPort), ...args]);
    // With an IPC channel but through `taskset`, so `spawn` and not `fork`.
    const child = spawn(command, all, { cwd: folder, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once("message", (message) => resolve((message as { port: number }).port));
      child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it listened`)));
    });
    return new App(child, name, port);
  }

  async usage(): Promise<Usage> {
    this.child.send("usage");
    const [message] = (await once(this.child, "message")) as [Usage];
    return message;
  }

  close(): void {
    this.child.kill("SIGKILL");
  }
}

export interface LoadOptions {
  readonly path: string;
  readonly body: string;
  readonly contentType?: string;
  readonly connections: number;
  readonly seconds?: number;
  readonly requests?: number;
}

const bodies = mkdtempSync(join(tmpdir(), "dapr-functions-bench-"));

/** Sends requests to an app and resolves with what was measured; a failed request is an error. */
export async function runLoad(load: string, app: { port: number; name: string }, options: LoadOptions): Promise<Load> {
  const file = join(bodies, "body");
  writeFileSync(file, options.body);
  const args = ["run", "-url", `http://127.0.0.1:${app.port}${options.path}`, "-body", file];
  args.push("-connections", String(options.connections));
  if (options.contentType !== undefined) args.push("-type", options.contentType);
  if (options.seconds !== undefined) args.push("-seconds", String(options.seconds));
  if (options.requests !== undefined) args.push("-requests", String(options.requests));
  const [command, all] = pinned(1, load, args);
  const child = spawn(command, all, { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`load on ${app.name} ended with ${code}`);
  const measured = JSON.parse(Buffer.concat(chunks).toString()) as Load;
  if (measured.failed > 0) throw new Error(`${app.name}: ${measured.failed} of ${measured.requests} requests failed`);
  return measured;
}
