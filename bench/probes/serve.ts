// `node serve.js FUNCTIONS SIDECAR_PORT [checked]`: what it costs a fresh process to serve so many functions, step by step, up to
// the answer to its first request, for which the pool to the sidecar is made and used.
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";

const [functions, sidecarPort, checked] = process.argv.slice(2);
const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
const steps: Record<string, number> = {};
let last = performance.now();
const cpuBefore = process.cpuUsage();

function done(step: string): void {
  const now = performance.now();
  steps[step] = now - last;
  last = now;
}

async function main(): Promise<void> {
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
  const { user, system } = process.cpuUsage(cpuBefore);
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  last = performance.now();
  readFunctions(classes);
  done("readFunctions");
  console.log(
    JSON.stringify({ ...steps, ready, cpuMilliseconds: (user + system) / 1e3, heapMegabytes: heapUsed / 1e6 }),
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
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const asked = request(url, { method: "POST", headers, agent: false }).end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
