import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bench, Figures } from "../bench.js";
import { App } from "../processes.js";
import { Rounds } from "../rounds.js";
import { besideDaprd } from "./daprd.js";

const jobs = [
  { job: "5 state items of 1 MB", path: "/save", items: 5, bytes: 1_000_000 },
  { job: "100,000 small state items", path: "/save", items: 100_000, bytes: 30 },
  { job: "500,000 small state items", path: "/save", items: 500_000, bytes: 30 },
  { job: "bulk publish of 40,000", path: "/publish", items: 40_000, bytes: 30 },
] as const;
type Job = (typeof jobs)[number];

const contestants = ["ours", "bare"] as const;
const maxRequest = 4 * 1024 * 1024;

/** One invocation whose output is more than one request to the sidecar may hold: that all of it arrives, in order, and what it takes. */
export async function large(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const sidecar = new OrderedSidecar();
  const sidecarPort = await sidecar.listen();
  const results: Figures[] = [];
  try {
    for (const each of jobs) {
      const scenario = `one invocation → ${each.job}`;
      bench.progress(scenario);
      const rounds = await Rounds.interleave(contestants, each.items > 100_000 ? 1 : 3, async (name) => {
        // A process each, since what is asked is the most memory that it ever had.
        const app = await App.start(bench, { name: `${name}-large`, sidecarPort });
        try {
          const before = await app.usage();
          sidecar.expect();
          const milliseconds = await call(app, each);
          sidecar.check(each);
          const after = await app.usage();
          return {
            milliseconds,
            cpuMilliseconds: (after.cpuSeconds - before.cpuSeconds) * 1e3,
            requests: sidecar.requests,
            peakMegabytes: (after.maxRss - before.maxRss) / 1e6,
          };
        } finally {
          await app.close();
        }
      });
      const ratios = {
        "cpu / bare": rounds.ratio("cpuMilliseconds", "ours", "bare"),
        "peak memory / bare": rounds.ratio("peakMegabytes", "ours", "bare"),
      };
      results.push({ scenario, contestants: rounds.medians(), ratios });
    }
  } finally {
    sidecar.close();
  }
  return [...results, await onDaprd(bench)];
}

/** What they take on a real sidecar, which refuses requests beyond its limit. */
async function onDaprd(bench: Bench): Promise<Figures> {
  const scenario = "daprd: one invocation → many or large items";
  const measured: Record<string, { milliseconds: number }> = {};
  const note = await besideDaprd(bench, "ours-large", async (app) => {
    for (const each of jobs) {
      if (each.items > 100_000) continue;
      bench.progress(`daprd: one invocation → ${each.job}`);
      measured[each.job] = { milliseconds: await call(app, each) };
    }
  });
  return { scenario, contestants: measured, ratios: {}, ...(note !== undefined && { note }) };
}

/** @returns milliseconds */
async function call(app: App, { job, path, items, bytes }: Job): Promise<number> {
  const begin = performance.now();
  const body = JSON.stringify({ items, bytes });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${app.port}${path}`, { method: "POST", headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${app.name}, ${job}: answered ${answer.status}: ${text}`);
  return performance.now() - begin;
}

/** A sidecar that refuses what daprd refuses, and keeps the numbers of the items in the order in which they came. */
class OrderedSidecar {
  requests = 0;
  #next = 0;
  #fault: string | undefined;

  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      if (request.method === "POST") this.#take(body);
      response.writeHead(body.length > maxRequest ? 413 : 204).end();
    });
  });

  #take(body: Buffer): void {
    this.requests++;
    for (const [, n] of body.toString("latin1").matchAll(/"n":(\d{1,9})/g)) {
      if (Number(n) !== this.#next) this.#fault ??= `item ${n} came where item ${this.#next} was due`;
      this.#next++;
    }
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  expect(): void {
    this.requests = 0;
    this.#next = 0;
    this.#fault = undefined;
  }

  /** @throws Error when an item is missing, or came before another */
  check({ job, items }: Job): void {
    if (this.#fault !== undefined) throw new Error(`${job}: ${this.#fault}`);
    if (this.#next !== items) throw new Error(`${job}: ${this.#next} of ${items} items came`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
