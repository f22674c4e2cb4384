import { fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as ts from "typescript";
import { killAtExit } from "./daprd.js";
import { consumerProject } from "./packed.js";

export interface AppProcess {
  readonly port: number;
  readonly pid: number;
  /** SIGTERM; resolves once the process is gone. */
  close(): Promise<void>;
  /** SIGKILL: what is under way is cut off. */
  kill(): Promise<void>;
}

/** The module compiled beside the packed library, as a user's build would. */
export function compileApp(module: string, packages: readonly string[]): string {
  const file = join(consumerProject({ packages }), basename(module).replace(/ts$/, "cjs"));
  writeFileSync(file, compiled(module));
  return file;
}

/** The modules of a folder and those below it, likewise; gives the folder that they are in. */
export function compileFolder(folder: string, packages: readonly string[]): string {
  const target = join(consumerProject({ packages }), basename(folder));
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.m?ts$/.test(name)) continue;
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name.replace(/ts$/, "js")), compiled(join(folder, name)));
  }
  return target;
}

function compiled(module: string): string {
  const { outputText } = ts.transpileModule(readFileSync(module, "utf8"), {
    fileName: module,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: module.endsWith(".mts") ? ts.ModuleKind.ES2022 : ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
    },
  });
  return outputText;
}

/** Runs a compiled app that sends `{ port }` to its parent once it listens. */
export async function startAppProcess(file: string, env: Readonly<Record<string, string>>): Promise<AppProcess> {
  const child = fork(file, { env: { ...process.env, ...env }, silent: true });
  const forget = killAtExit(child);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => output.push(text.toString()));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { port: number }));
    child.once("close", (code) => reject(new Error(`the app ended with ${code}:\n${output.join("")}`)));
  });
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    await gone;
    forget();
  }
  return { port, pid: child.pid!, close: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}
