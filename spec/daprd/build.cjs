/**
 * `npm run daprd`: builds Dapr's own runtime from its Go module into the cache that the specs look into, once per
 * version. Needs Go and nothing else: no C compiler, no Docker, no node_modules.
 */
const { spawn } = require("node:child_process");
const { existsSync, mkdirSync, readFileSync, renameSync, rmSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { createInterface } = require("node:readline");
const { cachedDaprd } = require("./cache.cjs");

const buildArguments = ["-tags", "stablecomponents", "-trimpath"];

async function main() {
  const daprd = cachedDaprd();
  if (existsSync(daprd)) return console.log(`daprd: ${daprd} is there already`);
  const started = Date.now();
  const partial = `${daprd}.${process.pid}`;
  mkdirSync(dirname(daprd), { recursive: true });
  process.once("SIGINT", () => process.exit(130)).once("exit", () => rmSync(partial, { force: true }));

  const progress = new Progress(started);
  progress.phase("downloading modules");
  const list = () =>
    go(["list", "-deps", ...buildArguments, "."], (line) => {
      if (line.startsWith("go: downloading")) progress.step();
    });
  // Of hundreds of modules one may not come at the first time, and go asks for each once.
  const packages = await list().catch(list).catch(list);
  progress.phase("compiling packages", packages.length);
  const linkerFlags = `-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=${daprVersion()}`;
  await go(["build", "-v", ...buildArguments, "-ldflags", linkerFlags, "-o", partial, "."], (line) => {
    if (!/\s/.test(line)) progress.step();
  });
  renameSync(partial, daprd);
  progress.end(`daprd ${daprVersion()} built in ${seconds(started)} s: ${daprd}`);
}

/** Runs go in this folder: gives each line of its stderr to `onLine`, resolves with the lines of its stdout. */
function go(args, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd: __dirname,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = [];
    const messages = [];
    createInterface(child.stdout).on("line", (line) => output.push(line));
    createInterface(child.stderr).on("line", (line) => {
      messages.push(line);
      onLine(line);
    });
    child.once("error", (error) =>
      reject(new Error(`go could not be started (${error.message}); install Go, https://go.dev/dl`)),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`go ${args[0]} ended with ${signal ?? code}:\n${messages.slice(-20).join("\n")}`));
    });
  });
}

/** One line that is rewritten on a terminal; elsewhere a line every ten seconds. */
class Progress {
  #started;
  #name = "";
  #count = 0;
  #limit = "";
  #printed = 0;

  constructor(started) {
    this.#started = started;
  }

  phase(name, total) {
    this.#name = name;
    this.#limit = total ? ` of at most ${total}` : "";
    this.#count = 0;
    this.#print();
  }

  step() {
    this.#count += 1;
    const pause = process.stdout.isTTY ? 100 : 10_000;
    if (Date.now() - this.#printed >= pause) this.#print();
  }

  end(text) {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  #print() {
    this.#printed = Date.now();
    // Packages that the build cache has are not reported, so the count may end below the total.
    const text = `daprd: ${this.#name}: ${this.#count}${this.#limit} (${seconds(this.#started)} s)`;
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  }
}

function seconds(since) {
  return Math.round((Date.now() - since) / 1000);
}

function daprVersion() {
  return /github\.com\/dapr\/dapr v(\S+)/.exec(readFileSync(join(__dirname, "go.mod"), "utf8"))[1];
}

main().catch((error) => {
  console.error(`daprd: ${error.message}`);
  process.exitCode = 1;
});
