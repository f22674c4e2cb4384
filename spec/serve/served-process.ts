import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ServeOptions } from "../../lib/index.js";
import { consumerProject } from "../support/packed.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { atEnd } from "./support.js";

/**
 * A program that serves: a function that waits for a line on its input, one that obeys its signal, one that never ends,
 * one that forgets to await, one that ends the process; some of them with limits of their own.
 */
const program = `
const { serve, DaprServiceInvocationTrigger, DaprStateOutput, DaprTopicTrigger } = require("dapr-functions");
const { options, prelude, twice } = JSON.parse(process.argv[2]);
for (const name of ["shutdownTimeout", "invocationTimeout"]) if (options[name] === "Infinity") options[name] = Infinity;
const output = { name: "out", stateStore: "s", key: "k" };
const line = () => new Promise((resolve) => process.stdin.once("data", () => { process.stdin.unref(); resolve(); }));
class Work {
  async slow(_, { out }, { stopping }) {
    stopping.addEventListener("abort", () => console.log("slow is to stop"));
    console.log("running slow");
    await line();
    out.add(1);
    return "done";
  }
  async obedient(_, { out }, { signal, stopping }) {
    stopping.addEventListener("abort", () => console.log("stopping " + stopping.reason.code));
    console.log("running obedient");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    console.log("aborted " + signal.reason.code);
    out.add(1);
    return "obeyed";
  }
  async endless() {
    console.log("running endless");
    await new Promise(() => {});
  }
  quick() {
    return "quick";
  }
  forgetful(how, { out }) {
    const late = (action) => setTimeout(action, 1);
    if (how === "add") late(() => out.add(1));
    if (how === "reject") late(() => void Promise.reject(new Error("nobody awaits")));
    if (how === "throw") late(() => { throw new Error("a bug"); });
    if (how === "anything") for (const make of anything) late(() => void Promise.reject(make()));
  }
  async exits(code, { out }) {
    out.add(1);
    process.exit(Number(code));
  }
  async narrow(name, { out }) {
    console.log("running narrow " + name);
    await line();
    return name;
  }
}
Work.prototype.brief = Work.prototype.obedient;
const fail = () => { throw null; };
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
const anything = [
  () => null,
  () => undefined,
  () => "text",
  () => Symbol("s"),
  () => Object.freeze(new Error("cold")),
  () => Object.defineProperties(new Error(), { stack: { get: fail }, message: { get: fail } }),
  () => Object.assign(new Error(), { message: {}, stack: 1 }),
  () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail }),
  revoked,
];
const limits = { brief: { timeout: 1000 }, narrow: { concurrency: 1 } };
for (const method of ["slow", "obedient", "endless", "quick", "forgetful", "exits", "narrow", "brief"]) {
  const descriptor = Object.getOwnPropertyDescriptor(Work.prototype, method);
  DaprStateOutput(output)(Work.prototype, method, descriptor);
  DaprServiceInvocationTrigger(limits[method])(Work.prototype, method, descriptor);
}
eval(prelude);
const other = twice ? serve([Work], options) : undefined;
Promise.resolve(other).then(() => serve([Work], options)).then((app) => console.log("port " + app.port));
`;

/** Milliseconds for a line to come. */
const patience = 45_000;

export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly sidecar: RecordingSidecar;
  /** Resolves once a line holds the text, in what it has written or will write. */
  said(text: string): Promise<void>;
  /** What it has written. */
  readonly lines: readonly string[];
  /** How the process ended: its exit code or its signal. */
  readonly ended: Promise<unknown>;
  /** Lets the slow function go on. */
  goOn(): void;
}

/** A prelude that gives what takes its time twenty times as much of it, on a machine that may be as much slower. */
export const slowClock = `{
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...rest) => real(callback, 20 * milliseconds, ...rest);
}`;

export interface Start {
  readonly options?: Omit<ServeOptions, "shutdownTimeout"> & { readonly shutdownTimeout?: number | "Infinity" };
  /** Code that runs before it serves. */
  readonly prelude?: string;
  readonly twice?: boolean;
  readonly packages?: readonly string[];
  /** What the process is started by: `unshare`, with its arguments. */
  readonly by?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startServing(start: Start = {}): Promise<Running> {
  const { options = {}, prelude = "", twice = false, packages = [], by = [], env = {} } = start;
  const sidecar = await recordingSidecar();
  atEnd(() => sidecar.close());
  const project = consumerProject({ packages });
  writeFileSync(join(project, "app.cjs"), program);
  const input = JSON.stringify({ options: { port: 0, daprUrl: sidecar.url, ...options }, prelude, twice });
  const [command, args] = [by[0] ?? process.execPath, by.length === 0 ? [] : [...by.slice(1), process.execPath]];
  const child = spawn(command, [...args, "app.cjs", input], {
    cwd: project,
    env: { ...process.env, DAPR_DISABLE_SIDECAR_METADATA_CHECK: "true", ...env },
  });
  // Once its output has been read, too: what it said last counts as said before it ended.
  const ended = once(child, "close").then(([code, signal]) => (signal as string | null) ?? (code as number));
  atEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!lines.some((line) => line.includes(text))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      const fail = (why: string): void => {
        waiting.delete(look);
        reject(new Error(`it ${why} before it said "${text}":\n${lines.join("\n")}`));
      };
      void ended.then((how) => fail(`ended with ${String(how)}`));
      setTimeout(() => fail(`ran for ${patience / 1000} s`), patience).unref();
    });
  await said("port ");
  const port = Number(/port (\d+)/.exec(lines.join("\n"))![1]);
  return { child, port, sidecar, said, lines, ended, goOn: () => void child.stdin.write("go\n") };
}
