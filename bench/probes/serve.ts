// `node serve.js FUNCTIONS SIDECAR_PORT [checked]`: what it costs a fresh process to serve so many functions, step by step, up to
// the answer to its first request, for which the pool to the sidecar is made and used. As a bundle and from a start-up
// snapshot as well: there the modules are loaded when the snapshot is built.
import type { IncomingMessage } from "node:http";
import { startupSnapshot } from "node:v8";

const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
const steps: Record<string, number> = {};
let last = performance.now();

function done(step: string): void {
  const now = performance.now();
  steps[step] = now - last;
  last = now;
}

async function main(): Promise<void> {
  const [functions, sidecarPort, checked] = process.argv.slice(2);
  const cpuBefore = process.cpuUsage();
  last = performance.now();
  // oxlint-disable-next-line typescript/no-require-imports -- loading the library is a step that is measured
  const { readFunctions, serve } = require("dapr-functions") as typeof import("dapr-functions");
  done("import");
  // oxlint-disable-next-line typescript/no-require-imports -- it imports the library
  const { classesOf } =
    require("../contestants/many-functions.js") as typeof import("../contestants/many-functions.js");
  const classes = classesOf(Number(functions), checked === undefined ? undefined : payloadClass());
  done("classes");
  const app = await serve(classes, { port: 0, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
  done("serve");
  await post(`${app.url}/f0`, '{"id":"a"}');
  done("first request");
  const ready = Object.values(steps).reduce((sum, step) => sum + step, 0);
  const sinceStart = performance.now();
  const { user, system } = process.cpuUsage(cpuBefore);
  const all = process.cpuUsage();
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  last = performance.now();
  readFunctions(classes);
  done("readFunctions");
  console.log(
    JSON.stringify({
      ...steps,
      ready,
      cpuMilliseconds: (user + system) / 1e3,
      heapMegabytes: heapUsed / 1e6,
      sinceStart,
      cpuSinceStart: (all.user + all.system) / 1e3,
    }),
  );
  process.exit();
}

/** A class with one rule, whose decorator loads class-validator as a user's own module does. */
function payloadClass(): new () => object {
  // oxlint-disable-next-line typescript/no-require-imports -- only who checks payloads pays for it
  const { IsString } = require("class-validator") as typeof import("class-validator");
  class Payload {}
  IsString()(Payload.prototype, "id");
  return Payload;
}

async function post(url: string, body: string): Promise<void> {
  /* oxlint-disable typescript/no-require-imports -- node:http cannot be in a snapshot */
  const http = require("node:http") as typeof import("node:http");
  const events = require("node:events") as typeof import("node:events");
  /* oxlint-enable typescript/no-require-imports */
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const asked = http.request(url, { method: "POST", headers, agent: false }).end(body);
  const [answer] = (await events.once(asked, "response")) as [IncomingMessage];
  answer.resume();
  await events.once(answer, "end");
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
}

function run(): void {
  void main().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

if (startupSnapshot.isBuildingSnapshot()) {
  /* oxlint-disable typescript/no-require-imports -- what a user's module imports before it serves */
  require("dapr-functions");
  require("../contestants/many-functions.js");
  if (process.env.PROBE_CHECKED !== undefined) payloadClass();
  /* oxlint-enable typescript/no-require-imports */
  startupSnapshot.setDeserializeMainFunction(run);
} else run();
