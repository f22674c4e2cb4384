import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench } from "./bench.js";

/** Those that do the same jobs, to the byte. */
export const names = ["ours", "bare", "fastify", "hono", "express", "dapr-sdk"] as const;
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
  /** Of the generator itself. */
  readonly cpuSeconds: number;
}

export interface Usage {
  readonly cpuSeconds: number;
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  /** The most that it ever had resident. */
  readonly maxRss: number;
  /** Topic events that the app's functions have had. */
  readonly events: number;
}

/** The app on one processor, everything that drives it on the other, where the machine can say so. */
export const appCpu = 0;
export const driverCpu = 1;

const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;

export function pinned(cpu: number, command: string, args: readonly string[]): [string, string[]] {
  return hasTaskset ? ["taskset", ["-c", String(cpu), command, ...args]] : [command, [...args]];
}

/** Moves a process that runs already. */
export function pin(cpu: number, pid: number): void {
  if (hasTaskset) execFileSync("taskset", ["-a", "-c", "-p", String(cpu), String(pid)], { stdio: "ignore" });
}

/** Processor time that a process has used, in seconds to the hundredth; undefined where there is no /proc to ask. */
export function cpuSecondsOf(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  // From the third field on: the second, the name, may hold spaces. Fields 14 and 15 are ticks of 10 ms.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
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

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** A sidecar that accepts everything and does nothing. */
export class Stub {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly port: number,
  ) {}

  /** @param milliseconds that each of its answers takes */
  static async start(load: string, milliseconds = 0): Promise<Stub> {
    const [command, args] = pinned(driverCpu, load, ["stub", "-delay", `${milliseconds}ms`]);
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    return new Stub(child, lines, Number(first.value));
  }

  /** The requests and the processor time so far. */
  async usage(): Promise<{ requests: number; cpuSeconds: number }> {
    this.child.stdin!.write("\n");
    const [requests, cpuSeconds] = String((await this.lines.next()).value)
      .split(" ")
      .map(Number);
    return { requests: requests!, cpuSeconds: cpuSeconds! };
  }

  close(): void {
    this.child.kill();
  }
}

export interface AppOptions {
  /** Name of a file in contestants/. */
  readonly name: string;
  readonly sidecarPort: number;
  /** Any free one unless given. */
  readonly port?: number;
  /** For contestants that can be had in several kinds. */
  readonly argument?: string;
  /** Further flags of Node. */
  readonly flags?: readonly string[];
  /** False for an app that may have all processors. */
  readonly isPinned?: boolean;
}

interface Subscription {
  readonly topic: string;
  readonly route?: string;
  readonly routes?: { readonly default: string };
}

/** One contestant in a process of its own. */
export class App {
  private constructor(
    private readonly child: ChildProcess,
    readonly name: string,
    readonly port: number,
  ) {}

  /** Resolves once it listens. */
  static async start({ folder }: Bench, options: AppOptions): Promise<App> {
    const { name, sidecarPort, port = await freePort(), argument = "", flags = [], isPinned = true } = options;
    const script = join(folder, "contestants", "main.js");
    if (!existsSync(script)) throw new Error(`${script} is missing: build the benchmark first`);
    const args = ["--expose-gc", ...flags, script, name, String(sidecarPort), String(port), argument];
    const [command, all] = isPinned ? pinned(appCpu, process.execPath, args) : [process.execPath, args];
    // With an IPC channel but through `taskset`, so `spawn` and not `fork`.
    const child = spawn(command, all, { cwd: folder, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it listened`)));
    });
    return new App(child, name, port);
  }

  /**
   * @param collected with a garbage collection before memory is looked at
   * @param profile `start` begins a profile; a file's path ends it, and holds it then
   */
  async usage(collected = false, profile?: string): Promise<Usage> {
    this.child.send({ collected, profile });
    const [message] = (await once(this.child, "message")) as [Usage];
    return message;
  }

  /** Where the app wants the events of a topic, asked as daprd asks. */
  async routeOf(topic: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/dapr/subscribe`);
    const subscriptions = (await answer.json()) as Subscription[];
    const { route, routes } = subscriptions.find((subscription) => subscription.topic === topic)!;
    const path = route ?? routes!.default;
    return path.startsWith("/") ? path : `/${path}`;
  }

  /** Its process, and those that it has started. */
  pids(): number[] {
    const pid = this.child.pid!;
    const file = `/proc/${pid}/task/${pid}/children`;
    return [pid, ...(existsSync(file) ? readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number) : [])];
  }

  async close(): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
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

/** Sends requests to an app and resolves with what was measured; a failed request is an error. */
export async function runLoad(bench: Bench, port: number, options: LoadOptions): Promise<Load> {
  const file = join(bench.folder, "body");
  writeFileSync(file, options.body);
  const args = ["run", "-url", `http://127.0.0.1:${port}${options.path}`, "-body", file];
  args.push("-connections", String(options.connections));
  if (options.contentType !== undefined) args.push("-type", options.contentType);
  if (options.seconds !== undefined) args.push("-seconds", String(options.seconds));
  if (options.requests !== undefined) args.push("-requests", String(options.requests));
  const [command, all] = pinned(driverCpu, bench.load, args);
  const measured = JSON.parse(await outputOf(`load on ${options.path}`, command, all, bench.folder)) as Load;
  if (measured.failed > 0) throw new Error(`${options.path}: ${measured.failed} of ${measured.requests} failed`);
  return measured;
}

/** Runs a program of probes/ in a fresh process; resolves with what it prints. */
export async function runProbe<T>({ folder }: Bench, name: string, ...args: readonly string[]): Promise<T> {
  const script = join(folder, "probes", `${name}.js`);
  const [command, all] = pinned(appCpu, process.execPath, ["--expose-gc", script, ...args]);
  return JSON.parse(await outputOf(name, command, all, folder)) as T;
}

export async function outputOf(
  what: string,
  command: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${what} ended with ${code}`);
  return Buffer.concat(chunks).toString();
}
