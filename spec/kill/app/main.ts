// The functions in a process of its own, so that they can be killed. Samples of it go to a file where one is named.
import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { serve } from "dapr-functions";
import { Workers } from "./functions.js";

async function main(): Promise<void> {
  const log = { info() {}, warn() {}, error() {}, debug() {} };
  const app = await serve([Workers], { log });
  process.send?.({ port: app.port });
  const { SAMPLES } = process.env;
  if (SAMPLES !== undefined) sample(SAMPLES);
}

function sample(file: string): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage();
    const delays = { delayP99: delay.percentile(99) / 1e6, delayMost: delay.max / 1e6 };
    delay.reset();
    appendFileSync(file, `${JSON.stringify({ at: Date.now(), pid: process.pid, rss, heapUsed, ...delays })}\n`);
  }, 1_000).unref();
}

void main();
