import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { WatchedApp } from "../../lib/cli/running/run-watch.js";
import { UsageError } from "../../lib/cli/usage-error.js";

/** What stands for a version's process: it says what its test has it say. */
class Version extends EventEmitter {
  exitCode: number | null = null;
  signalCode: string | null = null;
  readonly told: string[] = [];
  readonly send = (): boolean => true;

  kill(signal: string): boolean {
    this.told.push(signal);
    if (signal === "SIGKILL") this.end(null, signal);
    return true;
  }

  says(message: object): void {
    this.emit("message", message);
  }

  isReady(port: number): void {
    this.says({ type: "ready", port, functions: [] });
  }

  end(code: number | null, signal: string | null = null): void {
    if (this.exitCode !== null || this.signalCode !== null) return;
    this.exitCode = code;
    this.signalCode = signal;
    this.emit("close", code, signal);
  }
}

class Watcher extends EventEmitter {
  constructor(readonly folder: string) {
    super();
  }

  readonly close = (): Promise<void> => Promise.resolve();
}

/** What looking for the modules of a folder gives. */
let modulesOf: (folder: string) => string[] = () => [];

const versions: Version[] = [];
const watchers: Watcher[] = [];

jest.mock("node:child_process", () => ({
  fork: () => {
    const version = new Version();
    versions.push(version);
    return version as unknown as ChildProcess;
  },
}));
jest.mock("../../lib/cli/modules/load-functions.js", () => ({
  ...jest.requireActual<object>("../../lib/cli/modules/load-functions.js"),
  filesOf: (folder: string) => modulesOf(folder),
}));
jest.mock("chokidar", () => ({
  watch: (folder: string) => {
    const watcher = new Watcher(folder);
    watchers.push(watcher);
    return watcher;
  },
}));

/** A connect that its test ends. */
interface Connecting {
  readonly port: number;
  readonly done: () => void;
  readonly fail: (message: string) => void;
}

describe("the versions of an app that is watched", () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    versions.length = 0;
    watchers.length = 0;
    modulesOf = () => [];
  });
  afterEach(() => jest.useRealTimers());

  const turn = (): Promise<void> => new Promise((resolved) => setImmediate(resolved));

  function watched(modules: readonly string[] = ["main.js"]) {
    const said: string[] = [];
    const connecting: Connecting[] = [];
    const order = { appId: "orders", modules, daprUrl: "", record: undefined, isPrinted: false, isInspected: false };
    const app = new WatchedApp(order, {
      onReady: (port) =>
        new Promise((done, reject) => {
          connecting.push({ port, done, fail: (message) => reject(new Error(message)) });
        }),
      onRecord: () => undefined,
      onRecording: () => undefined,
      onFault: (text, isServing) => said.push(text === "" ? "right" : `${text} (${isServing ? "goes on" : "nothing"})`),
    });
    /** A file is saved, and what waits for others has waited. */
    const save = async (file: string): Promise<void> => {
      watchers[0]!.emit("change", file);
      await jest.advanceTimersByTimeAsync(200);
    };
    /** The first version serves, which has loaded `main.js` and `dependency.js`. */
    const start = async (): Promise<void> => {
      const started = app.start();
      watchers[0]!.emit("ready");
      await turn();
      versions[0]!.says({ "watch:require": [resolve("main.js"), resolve("dependency.js")] });
      versions[0]!.isReady(1);
      await turn();
      connecting[0]!.done();
      await started;
      said.length = 0;
    };
    return { app, said, connecting, save, start };
  }

  it.each([
    ["is being compiled", [{ "watch:output": "/none" }], "tsc compiles it, which @swc/core does faster"],
    [
      "has been compiled",
      [{ "watch:output": "/none" }, { "watch:require": [] }],
      "mind an await at the top of a module",
    ],
    ["was built before", [], "mind an await at the top of a module"],
  ])("say what takes long in one that %s", async (_, messages, hint) => {
    const { app, said, save, start } = watched();
    await start();
    await save("main.js");
    for (const message of messages) versions[1]!.says(message);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual([expect.stringContaining(`it has been loading for 10 s; ${hint}`)]);
    versions[0]!.end(0);
    await app.close();
  });

  it("load anew a file that changed while a compiler read it, which tells of it at the end", async () => {
    const { said, save, start } = watched();
    await start();
    await save("main.js");
    expect(versions).toHaveLength(2);
    await save("new.ts");
    expect(versions).toHaveLength(2);
    versions[1]!.says({ "watch:require": [resolve("main.js"), resolve("new.ts")] });
    await jest.advanceTimersByTimeAsync(200);
    versions[1]!.isReady(2);
    await jest.advanceTimersByTimeAsync(200);
    expect(versions).toHaveLength(3);
    expect(said).toEqual([]);
  });

  it.each([
    ["after the version began to load", 5, 3],
    ["before", -5, 2],
  ])(
    "load anew a file elsewhere that changed before its folder was watched, where that was %s",
    async (_, seconds, count) => {
      const folder = mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "elsewhere-"));
      const file = join(folder, "shared.js");
      writeFileSync(file, "");
      const { save, start } = watched();
      await start();
      await save("main.js");
      versions[1]!.says({ "watch:require": [file] });
      const time = Date.now() / 1000 + seconds;
      utimesSync(file, time, time);
      expect(watchers[1]!.folder).toBe(folder);
      watchers[1]!.emit("ready");
      await jest.advanceTimersByTimeAsync(200);
      expect(versions).toHaveLength(count);
    },
  );

  it.each([
    ["another file of it went while it was read", Object.assign(new Error("ENOENT"), { code: "ENOENT" }), 2],
    ["it has no function", new UsageError("build: no file in this folder declares a function"), 1],
  ])("load a file that comes into a folder, or not, when %s", async (_, error, count) => {
    const { save, start } = watched(["build"]);
    await start();
    modulesOf = () => {
      throw error;
    };
    await save("build/new.js");
    expect(versions).toHaveLength(count);
  });

  it("load anew a file that is told of between its change and the look at it", async () => {
    const { save, start } = watched();
    await start();
    await save("main.js");
    watchers[0]!.emit("change", "other.js");
    versions[1]!.says({ "watch:require": [resolve("other.js")] });
    versions[1]!.isReady(2);
    await jest.advanceTimersByTimeAsync(200);
    expect(versions).toHaveLength(3);
  });

  it("go on with the last good one when the sidecar cannot turn to the next", async () => {
    const { said, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    connecting[1]!.fail("the match expression cannot be read");
    await turn();
    // Back to the one before, which does not go on until then: what is published would reach nobody.
    expect(connecting[2]!.port).toBe(1);
    expect(said).toEqual([]);
    connecting[2]!.done();
    await turn();
    expect(said).toEqual(["the match expression cannot be read (goes on)"]);
    expect(versions.map(({ told }) => told)).toEqual([[], ["SIGTERM"]]);
    // After a failure any source counts.
    await save("other.js");
    versions[2]!.isReady(3);
    await turn();
    connecting[3]!.done();
    await turn();
    expect(said.slice(1)).toEqual(["right"]);
    expect(versions[0]!.told).toEqual(["SIGTERM"]);
  });

  it("say what is wrong with the next though the sidecar does not turn back to the last good one", async () => {
    const { said, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    connecting[1]!.fail("it is wrong");
    await jest.advanceTimersByTimeAsync(5_000);
    expect(said).toEqual(["it is wrong (goes on)"]);
    expect(versions.map(({ told }) => told)).toEqual([[], ["SIGTERM"]]);
  });

  it("say nothing of a version once a later one serves", async () => {
    const { said, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    connecting[1]!.fail("it is wrong");
    await turn();
    await save("main.js");
    versions[2]!.isReady(3);
    await turn();
    connecting[3]!.done();
    await turn();
    connecting[2]!.done();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(said).toEqual(["right"]);
  });

  it("say that nothing is served when it was the first, and serve the next", async () => {
    const { app, said, connecting, save } = watched();
    const started = app.start();
    watchers[0]!.emit("ready");
    await turn();
    versions[0]!.isReady(1);
    await turn();
    connecting[0]!.fail("it is wrong");
    await turn();
    expect(said).toEqual(["it is wrong (nothing)"]);
    versions[0]!.end(0);
    await started;
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    connecting[1]!.done();
    await turn();
    expect(said.slice(1)).toEqual(["right"]);
  });

  it("go on with the last good one when the next ends while the sidecar waits for it", async () => {
    const { said, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    versions[1]!.end(7);
    await turn();
    expect(connecting[2]!.port).toBe(1);
    connecting[2]!.done();
    await turn();
    expect(said).toEqual(["it ended with 7 when it began to serve (goes on)"]);
    versions[0]!.end(8);
    expect(said.slice(1)).toEqual(["it has ended with 8; the next change starts it again (nothing)"]);
  });

  it("keep what a later version failed with when an earlier one has been connected", async () => {
    const { said, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    await save("main.js");
    versions[2]!.says({ type: "failed", text: "it does not load" });
    await turn();
    connecting[1]!.done();
    await turn();
    expect(said).toEqual(["it does not load (goes on)"]);
    expect(versions[0]!.told).toEqual(["SIGTERM"]);
  });

  it("end all with the app, told once, when the next waits for a folder to be watched", async () => {
    const { app, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.says({ "watch:require": [resolve("../elsewhere/shared.js")] });
    versions[1]!.isReady(2);
    await turn();
    expect(watchers.map(({ folder }) => folder)).toEqual([".", resolve("../elsewhere")]);
    const closed = app.close();
    await turn();
    expect(versions.map(({ told }) => told)).toEqual([["SIGTERM"], ["SIGTERM"]]);
    for (const version of versions) version.end(0);
    await closed;
  });

  it("end all with the app, told once, while the one before is ending", async () => {
    const { app, connecting, save, start } = watched();
    await start();
    await save("main.js");
    versions[1]!.isReady(2);
    await turn();
    connecting[1]!.done();
    await turn();
    const closed = app.close();
    await turn();
    expect(versions.map(({ told }) => told)).toEqual([["SIGTERM"], ["SIGTERM"]]);
    for (const version of versions) version.end(0);
    await closed;
  });

  it("are none any more once the app was closed", async () => {
    const { app, save } = watched();
    const listening = app.listen(0);
    const closed = app.close();
    await app.start();
    await listening;
    await closed;
    expect(versions).toEqual([]);
    expect(watchers).toEqual([]);
    const other = watched();
    await other.start();
    await save("main.js");
    const closing = other.app.close();
    versions.at(-1)!.says({ "watch:require": [resolve("late.js")] });
    await turn();
    versions[0]!.end(0);
    await closing;
    const { length } = versions;
    await jest.advanceTimersByTimeAsync(200);
    expect(versions).toHaveLength(length);
  });
});
