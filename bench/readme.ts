// `node .build/bench/readme.js`: README's figures anew from bench/results.json.
import { resolve } from "node:path";
import { writeReadme } from "./report/readme.js";

writeReadme(resolve(__dirname, "..", ".."));
