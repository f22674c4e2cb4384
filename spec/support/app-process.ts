import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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
  const project = consumerProject({ packages });
  const { outputText } = ts.transpileModule(readFileSync(module, "utf8"), {
    fileName: module,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const file = join(project, basename(module).replace(/ts$/, "cjs"));
  writeFileSync(file, outputText);
  return file;
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
