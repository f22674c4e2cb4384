// `node .build/bench/page.js`: bench/chart.svg and the figures of docs/performance.md anew from bench/results.json.
import { resolve } from "node:path";
import { writePage } from "./report/page.js";

writePage(resolve(__dirname, "..", ".."));
