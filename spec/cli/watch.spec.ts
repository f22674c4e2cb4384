import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { built, makeProject, source, write } from "./app.js";

jest.setTimeout(180_000);
/** Milliseconds for a line to come. */
const patience = 60_000;

const components = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1 }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: bus }
spec: { type: pubsub.in-memory, version: v1 }
`;
const orders = (version: string): string => `
import { version } from "./${version}";
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "old", stateStore: "statestore", key: "{id}" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  save(payload: { id: string }, { old, order }: { old: unknown; order: Collector<unknown> }): unknown {
    order.add({ version });
    return { version, old };
  }
  @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
  heard(event: CloudEvent): void { console.log("heard " + String(event.data) + " by " + version); }
}
`;

/** The first line that matches, from where the last one was found. */
class Output {
  #text = "";
  #at = 0;
  #wake: () => void = () => undefined;
  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        this.#text += chunk.toString();
        this.#wake();
      });
    }
    child.once("close", () => this.#wake());
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text.slice(this.#at));
      if (match !== null) {
        this.#at += match.index + match[0].length;
        return match;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`it ended and had said:\n${this.#text}`);
      }
      await new Promise<void>((resolve, reject) => {
        const why = `it did not say ${pattern.source} in ${patience / 1000} s, and had said:\n`;
        const timer = setTimeout(() => reject(new Error(why + this.#text)), patience);
        this.#wake = () => (clearTimeout(timer), resolve());
      });
    }
  }
}

describe.each([
  ["TypeScript, loaded by @swc/core", "commonjs", "orders.ts", "version.ts", "./version.js", (text: string) => text],
  ["TypeScript in an ES module package", "module", "orders.ts", "version.ts", "./version.js", (text: string) => text],
  ["built CommonJS", "commonjs", "build/orders.js", "build/version.js", "./version.js", undefined],
  ["built ES modules", "module", "build/orders.js", "build/version.js", "./version.js", undefined],
] as const)("run --watch of %s", (_name, type, main, dependency, specifier, typed) => {
  let child: ChildProcess;
  afterEach(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  });

  it("serves each version as it is saved, keeps the state, and goes on with the last good one", async () => {
    const project = makeProject(type, typed === undefined ? [] : ["@swc/core"]);
    const compile = (text: string): string => typed?.(source(text)) ?? built(text, { module: type === "module" });
    const isCommon = typed === undefined && type === "commonjs";
    const versionIs = (value: string): void =>
      write(project, {
        [dependency]: isCommon ? `exports.version = ${value};\n` : `export const version = ${value};\n`,
      });
    versionIs('"one"');
    write(project, {
      "components/all.yaml": components,
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          target: "es2022",
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          module: "node20",
        },
      }),
      [main]: compile(orders(specifier.replace("./", ""))),
      "unrelated.json": "{}",
    });
    const cli = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const args = [cli, "run", main, "--watch", "--dapr-http-port", "0", "--log", "off"];
    child = spawn(process.execPath, args, { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
    const output = new Output(child);
    const [, app, sidecar] = await output.says(/ at (http:\S+), its sidecar at (\S+)/);
    await output.says(/watching for changes/);

    const save = async (url: string): Promise<unknown> => {
      const headers = { "content-type": "application/json" };
      const reply = await fetch(url, { method: "POST", headers, body: '{"id":"1"}' });
      return reply.json();
    };
    const invoke = (): Promise<unknown> => save(`${sidecar}/v1.0/invoke/consumer/method/save`);
    const publish = (text: string): Promise<unknown> =>
      fetch(`${sidecar}/v1.0/publish/bus/t`, { method: "POST", body: text, headers: { "content-type": "text/plain" } });

    expect(await invoke()).toEqual({ version: "one" });
    versionIs('"two"');
    await output.says(/consumer has changed, and serves again/);
    expect(await invoke()).toEqual({ version: "two", old: { version: "one" } });
    expect(await save(`${app}/save`)).toEqual({ version: "two", old: { version: "two" } });
    await publish("news");
    await output.says(/heard news by two/);

    versionIs("");
    await output.says(/the last good version goes on/);
    expect(await invoke()).toEqual({ version: "two", old: { version: "two" } });

    write(project, { [main]: compile(orders(specifier.replace("./", "")).replace('"{id}"', '"{id"')) });
    versionIs('"three"');
    await output.says(/expression-invalid: Orders\.save/);
    await output.says(/the last good version goes on/);

    write(project, { [main]: compile(orders(specifier.replace("./", ""))) });
    await output.says(/consumer has changed, and serves again/);
    expect(await invoke()).toEqual({ version: "three", old: { version: "two" } });

    write(project, { "components/all.yaml": `# changed\n${components}` });
    await output.says(/components[\\/]all\.yaml has changed; start run anew to apply it/);

    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([0, null]);
  });
});

describe("the page of run --watch", () => {
  let child: ChildProcess;
  afterEach(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  });

  it("copies a test of a source in TypeScript that passes beside what is built of it", async () => {
    const project = makeProject("module", ["@swc/core"]);
    const version = 'export const version = "one";\n';
    const compilerOptions = { target: "es2022", experimentalDecorators: true, module: "node20" };
    write(project, {
      "components/all.yaml": components,
      "tsconfig.json": JSON.stringify({ compilerOptions }),
      "src/orders.ts": source(orders("version.js")),
      "src/version.ts": version,
      "build/orders.js": built(orders("version.js"), { module: true }),
      "build/version.js": version,
    });
    const cli = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const args = [cli, "run", "src/orders.ts", "--watch", "--dapr-http-port", "0", "--log", "json"];
    child = spawn(process.execPath, args, { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
    const output = new Output(child);
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    const ids: string[] = [];
    // What a test is made of is told after the end of an invocation, and before that of the next.
    for (const id of ["1", "2"]) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ id });
      await (await fetch(`${sidecar}/v1.0/invoke/consumer/method/save`, { method: "POST", headers, body })).text();
      ids.push((await output.says(/\{"id":"([^"]+)"/))[1]!);
    }
    const { test } = (await (await fetch(`${sidecar}/inspect/api/test?id=${ids[0]}`)).json()) as { test: string };
    expect(test).toMatch(/^\/\/ Belongs beside src\/orders\.ts, and is compiled as that is\.\n/);
    write(project, { "build/orders.test.js": test });
    const env = { PATH: process.env["PATH"] };
    const ran = spawnSync(process.execPath, ["--test", "build/orders.test.js"], {
      cwd: project,
      env,
      encoding: "utf8",
    });
    expect(ran.stdout).toMatch(/pass 1\n/);
  });
});

describe("run --watch", () => {
  let child: ChildProcess;
  afterEach(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  });

  const run = (project: string, folder: string, module: string, ...options: string[]): Output => {
    const cli = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const app = [module, "--watch", "--app-id", "consumer", "--dapr-http-port", "0", "--log", "off"];
    const args = [cli, "run", ...app, ...options];
    const stdio: ("ignore" | "pipe")[] = ["ignore", "pipe", "pipe"];
    // In a group of processes of its own, as what is started in a terminal.
    child = spawn(process.execPath, args, { cwd: join(project, folder), stdio, detached: true });
    return new Output(child);
  };
  const call = async (sidecar: string, path: string): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const reply = await fetch(`${sidecar}/v1.0/invoke/consumer/method/${path}`, {
      method: "POST",
      headers,
      body: "{}",
    });
    return reply.status === 404 ? undefined : reply.json();
  };
  /** What is saved may be loaded more than once. */
  const answersAnew = async (output: Output, sidecar: string, path: string, answer: object): Promise<void> => {
    for (;;) {
      await output.says(/has changed, and serves again/);
      if (JSON.stringify(await call(sidecar, path)) === JSON.stringify(answer)) return;
    }
  };
  const functions = (name: string, text: string): string => `${text}
export class ${name[0]!.toUpperCase()}${name.slice(1)} {
  @DaprServiceInvocationTrigger()
  ${name}(): unknown { return { version }; }
}
`;
  const tsconfig = JSON.stringify({
    compilerOptions: {
      target: "es2022",
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      module: "node20",
      skipLibCheck: true,
      types: [],
    },
  });

  it.each([
    ["TypeScript, loaded by @swc/core", "ts", ["@swc/core"]],
    ["TypeScript, compiled by tsc", "ts", ["@typescript/native"]],
    ["built CommonJS", "js", []],
  ] as const)("loads anew what is saved outside of the working directory: %s", async (_, extension, packages) => {
    const project = makeProject("commonjs", packages);
    const shared = `libs/shared.${extension}`;
    const versionIs = (value: string, file = shared): void =>
      write(project, {
        [file]: extension === "ts" ? `export const version = ${value};\n` : `exports.version = ${value};`,
      });
    const module = functions("read", 'import { version } from "../../../libs/shared.js";');
    versionIs('"one"');
    write(project, {
      "apps/orders/components/none.yaml": "",
      [`apps/orders/src/orders.${extension}`]: extension === "ts" ? source(module) : built(module),
      "tsconfig.json": tsconfig,
    });
    const output = run(project, "apps/orders", `src/orders.${extension}`);
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    expect(await call(sidecar!, "read")).toEqual({ version: "one" });
    versionIs('"two"');
    await answersAnew(output, sidecar!, "read", { version: "two" });
    // As editors do.
    versionIs('"three"', "libs/.shared.swp");
    renameSync(join(project, "libs/.shared.swp"), join(project, shared));
    await answersAnew(output, sidecar!, "read", { version: "three" });
  });

  it("loads a module that comes into a folder, and one there that comes to declare a function", async () => {
    const project = makeProject();
    const module = (name: string): string => built(functions(name, "const version = 1;"));
    write(project, {
      "components/none.yaml": "",
      "build/first.js": module("first"),
      "build/empty.js": "",
    });
    const output = run(project, ".", "build");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    for (const name of ["second", "empty"]) {
      expect(await call(sidecar!, name)).toBeUndefined();
      write(project, { [`build/${name}.js`]: module(name) });
      await answersAnew(output, sidecar!, name, { version: 1 });
    }
  });

  it("loads a module that is saved in two steps, however long lies between them", async () => {
    const project = makeProject();
    const module = (name: string): string => built(functions(name, "const version = 1;"));
    const pauses = [1, 8, 40, 60, 120];
    write(project, {
      "components/none.yaml": "",
      "build/first.js": module("first"),
      ...Object.fromEntries(pauses.map((pause) => [`build/after${pause}.js`, ""])),
    });
    const output = run(project, ".", "build");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    for (const pause of pauses) {
      // A module that is there and declares nothing, and one that comes.
      for (const name of [`after${pause}`, `comes${pause}`]) {
        const file = join(project, "build", `${name}.js`);
        expect(await call(sidecar!, name)).toBeUndefined();
        writeFileSync(file, "");
        await delay(pause);
        writeFileSync(file, module(name), { flag: "r+" });
        await answersAnew(output, sidecar!, name, { version: 1 });
      }
    }
  });

  it("goes on with the last good version where the sidecar does not understand what the next one subscribes to", async () => {
    const project = makeProject();
    const module = (version: string, options: string): string =>
      built(`export class Orders {
        @DaprTopicTrigger({ pubSubName: "bus", topic: "t"${options} })
        heard(event: CloudEvent): void { console.log("heard " + String(event.data) + " by ${version}"); }
        @DaprServiceInvocationTrigger()
        read(): unknown { return { version: "${version}" }; }
      }`);
    write(project, { "components/all.yaml": components, "build/orders.js": module("one", "") });
    const output = run(project, ".", "build/orders.js");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    const publish = (text: string): Promise<unknown> =>
      fetch(`${sidecar}/v1.0/publish/bus/t`, { method: "POST", body: text, headers: { "content-type": "text/plain" } });
    for (const version of ["two", "three"]) {
      write(project, { "build/orders.js": module(version, ', match: "event.type == "') });
      await output.says(/consumer: the app on port \d+ cannot be connected: the match expression/);
      await output.says(/consumer: the last good version goes on/);
      await publish(`news of ${version}`);
      await output.says(new RegExp(`heard news of ${version} by one`));
      expect(await call(sidecar!, "read")).toEqual({ version: "one" });
    }
    write(project, { "build/orders.js": module("four", "") });
    await answersAnew(output, sidecar!, "read", { version: "four" });
    await publish("more news");
    await output.says(/heard more news by four/);
  });

  it("goes on with the last good version where the next one ends as soon as it serves", async () => {
    const project = makeProject();
    const module = (text: string): string => built(functions("read", text));
    write(project, { "components/none.yaml": "", "build/read.js": module("const version = 1;") });
    const output = run(project, ".", "build/read.js");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    // The sidecar asks for it when it turns to an app.
    const ends = `const version = 2;
      const { Server } = require("node:http");
      const { emit } = Server.prototype;
      Server.prototype.emit = function (name: string, ...rest: any[]): any {
        if (name === "request" && rest[0].url === "/dapr/config") process.exit(7);
        return emit.call(this, name, ...rest);
      };`;
    write(project, { "build/read.js": module(ends) });
    await output.says(/it ended with 7 when it began to serve|cannot be connected/);
    await output.says(/the last good version goes on/);
    expect(await call(sidecar!, "read")).toEqual({ version: 1 });
    write(project, { "build/read.js": module("const version = 3;") });
    await answersAnew(output, sidecar!, "read", { version: 3 });
  });

  it("loads what mends a fault whatever the app, --record and --state-file write meanwhile", async () => {
    const project = makeProject();
    const module = (version: string): string =>
      built(`import { writeFileSync } from "node:fs";
      let calls = 0;
      export class Orders {
        @DaprServiceInvocationTrigger()
        @DaprStateOutput({ name: "order", stateStore: "statestore", key: "1" })
        read(_: unknown, { order }: { order: Collector<unknown> }): unknown {
          writeFileSync(\`seen\${++calls}.json\`, "{}");
          order.add(calls);
          return { version: ${version} };
        }
      }`);
    write(project, { "components/all.yaml": components, "build/orders.js": module("1") });
    const output = run(project, ".", "build/orders.js", "--record", "recordings", "--state-file", "state.json");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    write(project, { "build/orders.js": `${module("2")}}` });
    await output.says(/consumer: the last good version goes on/);
    for (let calls = 0; calls < 50; calls++) expect(await call(sidecar!, "read")).toEqual({ version: 1 });
    write(project, { "build/orders.js": module("3") });
    while (JSON.stringify(await call(sidecar!, "read")) !== '{"version":3}');
  });

  it("ends what is in flight when the terminal sends Ctrl-C to all of its processes", async () => {
    const project = makeProject();
    // The event is answered late, and the call later than its sidecar has told the version to end.
    const text = `import { once } from "node:events";
      let end: () => void = () => {};
      const ended = new Promise<void>((resolve) => (end = resolve));
      export class Orders {
        @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
        async heard(): Promise<void> {
          console.log("heard");
          await ended;
        }
        @DaprServiceInvocationTrigger()
        async read(_: unknown, __: unknown, { stopping }: any): Promise<unknown> {
          console.log("called");
          await once(stopping, "abort");
          await new Promise((resolve) => setTimeout(resolve, 200));
          end();
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { done: true };
        }
      }`;
    write(project, { "components/all.yaml": components, "build/orders.js": built(text) });
    const output = run(project, ".", "build/orders.js");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    await fetch(`${sidecar}/v1.0/publish/bus/t`, { method: "POST", body: "{}" });
    await output.says(/heard/);
    const reply = call(sidecar!, "read");
    await output.says(/called/);
    const closed = once(child, "close");
    process.kill(-child.pid!, "SIGINT");
    expect(await reply).toEqual({ done: true });
    expect(await closed).toEqual([0, null]);
  });

  it("leaves neither a compiler nor its output behind when a version is saved while it compiles", async () => {
    const project = makeProject();
    // Compiles the one module, or waits until it is ended.
    const tsc = `const { copyFileSync, existsSync, readdirSync, renameSync, writeFileSync } = require("node:fs");
      const outDir = process.argv[process.argv.indexOf("--outDir") + 1];
      if (existsSync("hold")) {
        renameSync("hold", "held");
        writeFileSync("output.tmp", outDir);
        renameSync("output.tmp", "output");
        setInterval(() => writeFileSync(outDir + "/late.js", ""), 1);
      } else copyFileSync("built.js", outDir + "/orders.js");`;
    const saved = (version: number): void =>
      write(project, {
        "built.js": built(functions("read", `const version = ${version};`)),
        "orders.ts": source(functions("read", `const version = ${version};`)),
      });
    write(project, {
      "components/none.yaml": "",
      "tsconfig.json": JSON.stringify({ compilerOptions: { rootDir: "." } }),
      "node_modules/typescript/package.json": JSON.stringify({ version: "5.9.3", bin: { tsc: "tsc.js" } }),
      "node_modules/typescript/tsc.js": tsc,
    });
    saved(1);
    const output = run(project, ".", "orders.ts");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    write(project, { hold: "" });
    saved(2);
    while (!existsSync(join(project, "output"))) await delay(10);
    const folder = readFileSync(join(project, "output"), "utf8");
    saved(3);
    await answersAnew(output, sidecar!, "read", { version: 3 });
    while (existsSync(folder)) await delay(10);
    child.kill("SIGTERM");
    await once(child, "close");
    expect(readdirSync(dirname(folder)).filter((name) => name.startsWith(".dapr-functions-"))).toEqual([]);
  });

  it("says that a version does not end loading, and loads the next change", async () => {
    const project = makeProject("module");
    const module = (text: string): string => built(functions("read", text), { module: true });
    write(project, { "components/none.yaml": "", "build/read.js": module("const version = 1;") });
    const output = run(project, ".", "build/read.js");
    const [, sidecar] = await output.says(/its sidecar at (\S+)/);
    await output.says(/watching for changes/);
    write(project, { "build/read.js": module("const version = await new Promise(() => {});") });
    await output.says(/it has been loading for 10 s; mind an await at the top of a module that does not settle/);
    await output.says(/the last good version goes on/);
    expect(await call(sidecar!, "read")).toEqual({ version: 1 });
    write(project, { "build/read.js": module("const version = 2;") });
    await answersAnew(output, sidecar!, "read", { version: 2 });
  });
});
