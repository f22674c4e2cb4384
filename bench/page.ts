// `node .build/bench/page.js`: the figures of docs/performance.md anew from bench/results.json.
import { resolve } from "node:path";
import { writePage } from "./report/page.js";

writePage(resolve(__dirname, "..", ".."));
