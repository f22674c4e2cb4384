// `node hostile.js SIDECAR_PORT ROUNDS`: how long bodies of awkward sizes block an app, in milliseconds, and how long the
// JSON.parse of the same text takes. In the app's own process: what is measured is the longest turn of its event loop.
import { request } from "node:http";
import { Type } from "class-transformer";
import { IsArray, IsObject, IsOptional, IsPositive, IsString, ValidateNested } from "class-validator";
import { DaprServiceInvocationTrigger, serve } from "dapr-functions";

class Line {
  @IsString() sku!: string;
  @IsPositive() price!: number;
}

class Order {
  @IsString() id!: string;
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Line) lines?: Line[];
  @IsOptional() @IsObject() bag?: object;
}

class Orders {
  @DaprServiceInvocationTrigger({ payload: Order })
  place(): void {}
}

const megabytes = [0.1, 1, 4];
const silent = { log() {}, info() {}, warn() {}, error() {}, debug() {} };

function bodies(): Record<string, string> {
  const all: Record<string, string> = {};
  for (const size of megabytes) {
    const count = (unit: number): number => Math.floor((size * 1e6) / unit);
    const members = Object.fromEntries(Array.from({ length: count(11) }, (_, index) => [`p${index}`, 1]));
    const lines = Array.from({ length: count(22) }, () => ({ sku: "a", price: 1 }));
    let deep: object = {};
    for (let level = 0; level < 90; level++) deep = { a: deep };
    const towers = Array.from({ length: count(550) }, () => deep);
    all[`${size} MB of members`] = JSON.stringify({ id: "1", ...members });
    all[`${size} MB of members in an element`] = JSON.stringify({ id: "1", lines: [{ ...lines[0], ...members }] });
    all[`${size} MB of elements`] = JSON.stringify({ id: "1", lines });
    all[`${size} MB of elements, one invalid`] = JSON.stringify({ id: "1", lines: [...lines, {}] });
    all[`${size} MB of depth`] = JSON.stringify({ id: "1", bag: { towers } });
  }
  return all;
}

function call(port: number, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/place", headers }, (response) => {
      response.resume().once("end", () => resolve());
    });
    sent.once("error", reject).end(body);
  });
}

/** The longest that nothing else could run until something is done. */
async function longestTurn(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isDone = false;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return longest;
}

async function main(): Promise<void> {
  const [sidecarPort, rounds] = process.argv.slice(2).map(Number);
  const app = await serve([Orders], { port: 0, daprUrl: `http://127.0.0.1:${sidecarPort}`, log: silent });
  const found: Record<string, { blocked: number; parsing: number }> = {};
  for (const [name, body] of Object.entries(bodies())) {
    let blocked = Infinity;
    let parsing = Infinity;
    // The largest take seconds, and are least disturbed by what else the machine does.
    const times = body.length > 2e6 ? Math.ceil(rounds! / 4) : rounds!;
    for (let round = 0; round < times; round++) {
      const begin = performance.now();
      JSON.parse(body);
      parsing = Math.min(parsing, performance.now() - begin);
      blocked = Math.min(blocked, await longestTurn(() => call(app.port, body)));
    }
    found[name] = { blocked, parsing };
  }
  console.log(JSON.stringify(found));
  process.exit();
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
