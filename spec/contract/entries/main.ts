// The functions in a process of its own, so that a spec can kill it.
import { serve } from "dapr-functions";
import { Entries } from "./functions.js";

async function main(): Promise<void> {
  const log = { info() {}, warn() {}, error() {}, debug() {} };
  const app = await serve([Entries], { log });
  process.send?.({ port: app.port });
}

void main();
