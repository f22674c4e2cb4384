import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

const { cachedDaprd } = require("../daprd/cache.cjs") as { readonly cachedDaprd: () => string };

/** Dapr's own runtime: `DAPRD`, else from PATH, else what `npm run daprd` has built; undefined when there is none. */
export function findDaprd(): string | undefined {
  const { DAPRD, PATH = "" } = process.env;
  if (DAPRD) return DAPRD;
  return [...PATH.split(delimiter).map((folder) => join(folder, "daprd")), cachedDaprd()].find(isExecutable);
}

/** Milliseconds for daprd to listen. */
const patience = 60_000;

export interface DaprdOptions {
  readonly appId: string;
  /** Port of the app; daprd waits until something listens there. */
  readonly appPort?: number | undefined;
  /** Folders with components, resiliency policies and the like. */
  readonly resources: readonly string[];
  /** SQLite file through which daprds on this machine find each other; one of its own unless given. */
  readonly names?: string | undefined;
  /** The same ports as before, for a daprd that is started again. */
  readonly ports?: DaprdPorts | undefined;
  readonly apiToken?: string | undefined;
  readonly appToken?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly flags?: readonly string[] | undefined;
}

export interface DaprdPorts {
  readonly http: number;
  readonly grpc: number;
  readonly internal: number;
}

export interface Daprd {
  readonly url: string;
  readonly ports: DaprdPorts;
  readonly pid: number;
  /** Resolves once daprd has asked the app what it wants and delivers to it. */
  readonly ready: Promise<void>;
  /** Messages of daprd's log so far. */
  readonly log: readonly string[];
  /** SIGTERM, as an orchestrator stops it; resolves once the process is gone. */
  close(): Promise<void>;
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>;
}

/** Starts daprd on free loopback ports; resolves once its API answers, which may be before the app is there. */
export async function startDaprd(options: DaprdOptions): Promise<Daprd> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryStart(options, options.ports ?? (await freePorts()));
    } catch (error) {
      // Somebody else may have taken a port between our choosing it and daprd's listening.
      const taken = error instanceof Error && error.message.includes("address already in use");
      if (!taken || options.ports || attempt === 5) throw error;
    }
  }
}

async function tryStart(options: DaprdOptions, ports: DaprdPorts): Promise<Daprd> {
  const daprd = findDaprd();
  if (!daprd) throw new Error("there is no daprd: npm run daprd builds it");
  const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "daprd-"));
  const child = spawn(daprd, [...flagsOf(options, ports, daprd, folder), ...(options.flags ?? [])], {
    cwd: folder,
    env: environmentOf(options),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  const { promise: listening, ...listens } = deferred();
  const { promise: ready, ...becomes } = deferred();
  const gone = new Promise<void>((resolve) => {
    child.once("error", fail);
    child.once("close", (code, signal) => {
      fail(new Error(`daprd ended with ${signal ?? code}:\n${log.slice(-15).join("\n")}`));
      resolve();
    });
  });
  ready.catch(() => undefined);
  createInterface(child.stderr).on("line", (line) => log.push(line));
  createInterface(child.stdout).on("line", (line) => {
    const message = messageOf(line);
    log.push(message);
    if (message.startsWith("HTTP server is running on port")) listens.resolve();
    if (message.startsWith("dapr initialized. Status: Running")) becomes.resolve();
  });
  function fail(error: Error): void {
    listens.reject(error);
    becomes.reject(error);
  }

  const forget = killAtExit(child);
  const tooLate = setTimeout(() => {
    listens.reject(new Error(`daprd did not listen within ${patience / 1000} s:\n${log.slice(-15).join("\n")}`));
    child.kill("SIGKILL");
  }, patience);
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    const overdue = setTimeout(() => child.kill("SIGKILL"), 4_000);
    await gone;
    clearTimeout(overdue);
    forget();
  }
  await listening.finally(() => clearTimeout(tooLate));
  return {
    url: `http://127.0.0.1:${ports.http}`,
    ports,
    pid: child.pid!,
    ready,
    log,
    close: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function flagsOf(options: DaprdOptions, ports: DaprdPorts, daprd: string, folder: string): string[] {
  const flags = {
    "app-id": options.appId,
    "app-port": options.appPort,
    "dapr-http-port": ports.http,
    "dapr-grpc-port": ports.grpc,
    "dapr-internal-grpc-port": ports.internal,
    "dapr-internal-grpc-listen-address": "127.0.0.1",
    "dapr-listen-addresses": "127.0.0.1",
    "dapr-graceful-shutdown-seconds": 1,
    "enable-metrics": false,
    "log-as-json": true,
    config: configurationFor(daprd, folder, options.names),
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return [
    ...given.map(([name, value]) => `--${name}=${value}`),
    ...options.resources.map((path) => `--resources-path=${path}`),
  ];
}

/**
 * Names are looked up in a file, so that no daprd of another spec answers; a daprd without SQLite uses multicast. An
 * address holds for the updateInterval, in whole seconds, and is written anew a timeout earlier: by default after 4 s of
 * 5, so that on a busy machine an app is not found for some milliseconds, by its own daprd neither.
 *
 * @see https://github.com/dapr/components-contrib/blob/v1.18.4/nameresolution/sqlite/sqlite.go#L253
 */
function configurationFor(daprd: string, folder: string, names = join(folder, "names.db")): string | undefined {
  if (!readFileSync(daprd).includes("components-contrib/nameresolution/sqlite")) return undefined;
  const file = join(folder, "configuration.json");
  const lasting = { connectionString: names, updateInterval: "120s", timeout: "20s", busyTimeout: "10s" };
  const nameResolution = { component: "sqlite", version: "v1", configuration: lasting };
  const configuration = { apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "spec" } };
  writeFileSync(file, JSON.stringify({ ...configuration, spec: { nameResolution } }));
  return file;
}

function environmentOf(options: DaprdOptions): NodeJS.ProcessEnv {
  const { DAPR_API_TOKEN: _api, APP_API_TOKEN: _app, ...environment } = process.env;
  if (options.apiToken !== undefined) environment.DAPR_API_TOKEN = options.apiToken;
  if (options.appToken !== undefined) environment.APP_API_TOKEN = options.appToken;
  return { ...environment, ...options.env };
}

function messageOf(line: string): string {
  try {
    return String((JSON.parse(line) as { msg?: unknown }).msg);
  } catch {
    return line;
  }
}

async function freePorts(): Promise<DaprdPorts> {
  const servers = [await listenSomewhere(), await listenSomewhere(), await listenSomewhere()];
  const [http, grpc, internal] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { http: http!, grpc: grpc!, internal: internal! };
}

/**
 * A loopback port that was free a moment ago. It lies below those that systems give to who asks for any, so that nobody
 * else answers there while a process that had it is killed and started again: a 404 of a stranger drops an event.
 */
export async function freePort(): Promise<number> {
  return (await freePorts()).http;
}

/** Linux gives ports from 32768, others from 49152. */
const lowest = 20_000;
const firstEphemeral = 32_768;
/** None is given twice: who was given one may not listen there yet. */
const given = new Set<number>();

async function listenSomewhere(): Promise<Server> {
  for (;;) {
    const port = randomInt(lowest, firstEphemeral);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
      return server;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

/** Keeps a child from outliving a test run that ends early. */
export function killAtExit(child: ChildProcess): () => void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  return () => process.off("exit", kill);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}
