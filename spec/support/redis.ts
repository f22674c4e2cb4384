import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort, killAtExit } from "./daprd.js";

/** The redis-server of PATH; undefined when there is none. */
export function findRedis(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "redis-server")).find(isExecutable);
}

export interface Redis {
  /** `127.0.0.1:<port>`, as Dapr's components take it. */
  readonly host: string;
  readonly pid: number;
  close(): Promise<void>;
  /** SIGKILL: what had not been written is gone. */
  kill(): Promise<void>;
}

export interface RedisOptions {
  /** Where each change is written before it is answered; in memory only unless given. */
  readonly folder?: string | undefined;
  /** The same port as before, for a server that is started again. */
  readonly port?: number | undefined;
}

/** Starts a server of its own on a free loopback port; resolves once it accepts connections. */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const port = options.port ?? (await freePort());
  const folder = options.folder ?? mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "redis-"));
  const lasting = options.folder === undefined ? { appendonly: "no" } : { appendonly: "yes", appendfsync: "always" };
  const settings = { port, bind: "127.0.0.1", save: "", dir: folder, ...lasting };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(findRedis()!, flags, { stdio: ["ignore", "pipe", "inherit"] });
  const forget = killAtExit(child);
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}`)));
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes("Ready to accept connections")) resolve();
    });
  });
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    await gone;
    forget();
  }
  return {
    host: `127.0.0.1:${port}`,
    pid: child.pid!,
    close: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
