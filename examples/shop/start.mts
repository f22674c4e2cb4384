// Runs the shop as `dapr run -f .` would, with nothing but daprd and a Redis server: both applications, each beside a
// daprd of its own, which is started again when it dies. Ends, and ends them all, on SIGINT or SIGTERM.
//
//   DAPRD        the daprd to run; from PATH unless given
//   REDIS_HOST   host:port of a Redis server; without it a redis-server from PATH is started, in memory only
//   SHOP_PORTS   free: any ports that are free, rather than those of dapr.yaml
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Ports {
  readonly app: number;
  readonly http: number;
  readonly grpc: number;
  readonly internal: number;
}

const here = import.meta.dirname;
const sources = process.env.SHOP_SOURCES ?? "examples/shop";
const daprd = process.env.DAPRD ?? "daprd";
const folder = mkdtempSync(join(tmpdir(), "dapr-functions-shop-"));
const children = new Set<ChildProcess>();
let stopping = false;
let namesInFile = true;

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.once("close", () => children.delete(child));
  child.once("error", (error) => {
    console.error(`${command} could not be started: ${error.message}`);
    process.exitCode = 1;
    stop();
  });
  return child;
}

/** All that the child has printed, once the text is in it. */
function printed(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!output.includes(text)) return;
      child.stdout!.off("data", read).resume();
      resolve(output);
    };
    child.stdout!.on("data", read);
    child.once("close", (code, signal) =>
      reject(new Error(`${child.spawnfile} ended with ${signal ?? code}\n${output}`)),
    );
  });
}

function stop(): void {
  stopping = true;
  for (const child of children) child.kill("SIGTERM");
}

async function startRedis(): Promise<string> {
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  await printed(run("redis-server", settings), "Ready to accept connections");
  return `127.0.0.1:${port}`;
}

/** Copies what daprd reads, with the address of this Redis and a file of names of this run. */
function writeResources(redisHost: string): { readonly resources: string; readonly config: string } {
  const resources = mkdtempSync(join(folder, "resources-"));
  for (const file of readdirSync(join(sources, "resources"))) {
    const text = readFileSync(join(sources, "resources", file), "utf8");
    writeFileSync(join(resources, file), text.replaceAll("localhost:6379", redisHost));
  }
  const config = join(folder, "config.yaml");
  const names = join(folder, "names.db");
  writeFileSync(config, readFileSync(join(sources, "config.yaml"), "utf8").replace(/(?<=connectionString: ).*/, names));
  return { resources, config };
}

async function choosePorts(app: number, http: number, grpc: number, internal: number): Promise<Ports> {
  if (process.env.SHOP_PORTS !== "free") return { app, http, grpc, internal };
  return { app: await freePort(), http: await freePort(), grpc: await freePort(), internal: await freePort() };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function startApplication(appId: string, ports: Ports, files: ReturnType<typeof writeResources>): Promise<void> {
  const app = run(process.execPath, [join(here, appId, "main.mjs")], {
    DAPR_APP_PORT: String(ports.app),
    DAPR_HTTP_PORT: String(ports.http),
  });
  await printed(app, `${appId} at `);
  const flags = [
    `--app-id=${appId}`,
    `--app-port=${ports.app}`,
    `--dapr-http-port=${ports.http}`,
    `--dapr-grpc-port=${ports.grpc}`,
    // Fixed, since a daprd that was killed leaves its address in the file of names; the next one takes its place.
    `--dapr-internal-grpc-port=${ports.internal}`,
    "--dapr-internal-grpc-listen-address=127.0.0.1",
    "--dapr-listen-addresses=127.0.0.1",
    "--enable-app-health-check",
    "--app-health-check-path=/healthz",
    "--app-health-probe-interval=1",
    // daprd counts every probe that is late, whatever comes between: with 500 ms and 3, the defaults, a busy machine's app
    // is ill at times, and is sent nothing until the next probe.
    "--app-health-probe-timeout=950",
    "--app-health-threshold=5",
    "--enable-metrics=false",
    `--resources-path=${files.resources}`,
  ];
  async function startDaprd(): Promise<ChildProcess> {
    const child = run(daprd, namesInFile ? [...flags, `--config=${files.config}`] : flags);
    const output = await printed(child, "dapr initialized. Status: Running");
    if (namesInFile && output.includes("couldn't find name resolver")) {
      // A daprd built without SQLite; multicast is what it has.
      namesInFile = false;
      child.kill("SIGTERM");
      await closed(child);
      return startDaprd();
    }
    console.log(`${appId} is running ${JSON.stringify({ pids: { app: app.pid, daprd: child.pid }, ports })}`);
    return child;
  }
  async function keep(child: ChildProcess): Promise<void> {
    await closed(child);
    if (!stopping) await keep(await startDaprd());
  }
  keep(await startDaprd()).catch(fail);
}

function closed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("close", () => resolve()));
}

function fail(error: unknown): void {
  if (stopping) return;
  console.error(String(error));
  process.exitCode = 1;
  stop();
}

process.once("SIGINT", stop).once("SIGTERM", stop);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
try {
  const files = writeResources(process.env.REDIS_HOST ?? (await startRedis()));
  await startApplication("inventory", await choosePorts(3002, 3502, 50002, 50012), files);
  await startApplication("orders", await choosePorts(3001, 3501, 50001, 50011), files);
} catch (error) {
  fail(error);
}
