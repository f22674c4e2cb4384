import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import * as ts from "typescript";

/** A value as host and worker exchange it; bytes as base64 text. */
export type HostData =
  | { readonly json: string }
  | { readonly string: string }
  | { readonly base64: string }
  | { readonly http: HostRequest };

export interface HostRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: { readonly base64: string } | { readonly string: string };
}

export interface HostCall {
  readonly function: string;
  readonly payload?: HostData;
  readonly inputs?: Readonly<Record<string, HostData>>;
  readonly traceparent?: string;
  /** Show the reply with every byte, as base64, and every cookie. */
  readonly whole?: boolean;
}

export interface HostResult {
  readonly reply?: unknown;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code?: string; readonly message: string };
  readonly logs: readonly string[];
}

/** An app as the host has loaded it. */
export interface LoadedApp {
  readonly model: "v3" | "v4";
  readonly functions: readonly string[];
  /** What the v4 model was given, in its own words. */
  readonly registrations: readonly {
    readonly name: string;
    readonly bindings: readonly Readonly<Record<string, unknown>>[];
    readonly retry?: Readonly<Record<string, unknown>>;
  }[];
}

export interface FunctionsHost extends LoadedApp {
  /** Runs all calls side by side. */
  invoke(calls: readonly HostCall[]): Promise<readonly HostResult[]>;
  /** What the app wrote to stderr so far. */
  stderr(): string;
  close(): Promise<void>;
}

/** Starts the host in miniature with an app; rejects with what the app dies of. */
export async function startHost(app: string, environment: NodeJS.ProcessEnv = {}): Promise<FunctionsHost> {
  const child = spawn(process.execPath, [join(__dirname, "functions-host-process.cjs"), app], {
    cwd: app,
    env: { ...process.env, ...environment },
  });
  const ended = once(child, "close");
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const waiting = new Map<number, (results: readonly HostResult[]) => void>();
  const loaded = new Promise<LoadedApp>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("host> ")) return;
      const said = JSON.parse(line.slice("host> ".length)) as LoadedApp | { id: number; results: HostResult[] };
      if ("model" in said) return resolve(said);
      waiting.get(said.id)!(said.results);
      waiting.delete(said.id);
    });
    void ended.then(() => reject(new Error(stderr)));
  });
  let last = 0;
  return {
    ...(await loaded),
    invoke: (calls) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, resolve);
        void ended.then(() => reject(new Error(`the host ended: ${stderr}`)));
        child.stdin.write(`${JSON.stringify({ id, calls })}\n`);
      }),
    stderr: () => stderr,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** Compiles one `.ts` file into an app, file by file as a user's fast build would, decorator metadata included. */
export function compileInto(app: string, source: string, to: string): void {
  const { type } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as { type?: string };
  const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: type === "module" ? ts.ModuleKind.ES2022 : ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
    },
  });
  const file = join(app, to);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, outputText);
}

/** Runs the packed command line in an app's folder. */
export function runCli(app: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): CliRun {
  const main = join(app, "node_modules", "dapr-functions", "dist", "cli", "main.js");
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: app,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...environment },
  });
  return { stdout, stderr, status: status ?? -1 };
}

export interface CliRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}
