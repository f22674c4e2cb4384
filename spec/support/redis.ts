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
  close(): Promise<void>;
}

/** Starts a server of its own on a free loopback port, in memory only; resolves once it accepts connections. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "redis-"));
  const settings = { port, bind: "127.0.0.1", save: "", appendonly: "no", dir: folder };
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
  return {
    host: `127.0.0.1:${port}`,
    async close() {
      child.kill("SIGTERM");
      await gone;
      forget();
    },
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
