import { fork, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FSWatcher } from "chokidar";
import type { DescribedFunction, InvocationRecord } from "../../inspector/page/wire.js";
import type { Recording } from "../../record/recording.js";
import { within } from "../../model/duration.js";
import { messageOf } from "../../model/thrown.js";
import { filesOf } from "../modules/load-functions.js";
import { UsageError } from "../usage-error.js";
import type { Turned, VersionMessage, VersionOrder } from "./watched-app.js";

/** What an app that is watched tells. */
export interface WatchEvents {
  /** A version has begun to serve: the sidecar turns to it. Rejects where that does not understand what the version says. */
  readonly onReady: (port: number, functions: readonly DescribedFunction[]) => Promise<void>;
  readonly onRecord: (record: InvocationRecord) => void;
  /** What a test of an invocation is made of. */
  readonly onRecording: (id: string, recording: Recording) => void;
  /** What is wrong with the code, and whether an earlier version goes on; the empty text once it is right again. */
  readonly onFault: (text: string, isServing: boolean) => void;
}

const sources = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];
/**
 * Milliseconds in which several changes become one. chokidar tells of nothing more of a file for 50 ms after a change,
 * and for 5 ms after an event: what is written in these, which may be all that a file holds, is read after them.
 */
const settle = 70;
/** Milliseconds after which it is said that a version is still loading. */
const slow = 10_000;
/** Milliseconds that a version gets to end what is in flight. */
const patience = 10_000;
/** Milliseconds for the sidecar to turn back to a version, after which the fault of the next one is said all the same. */
const turnsBack = 5_000;

/** Windows has no groups of processes. */
const hasGroups = process.platform !== "win32";

/** A version that serves. */
interface Version {
  readonly child: ChildProcess;
  readonly port: number;
  readonly functions: readonly DescribedFunction[];
  /** False until the sidecar has turned to it. */
  hasBegun: boolean;
}

/** The modules of one app, each version of them in a process of its own; the last good one serves. */
export class WatchedApp {
  readonly #files = new Set<string>();
  /** By file that no version has loaded: when it is looked at. */
  readonly #settling = new Map<string, NodeJS.Timeout>();
  #current: Version | undefined;
  /** Those that have served and live: the current one, and others that are yet to end. */
  readonly #served = new Set<ChildProcess>();
  /** By version that was told to end: when it has. Told again, it would cut off what is in flight. */
  readonly #ending = new WeakMap<ChildProcess, Promise<void>>();
  #next: ChildProcess | undefined;
  /** Files that have changed while a version was loading: it may have read them before, or have looked for them in vain. */
  readonly #changedMeanwhile = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** When the last version began to load, in milliseconds since 1970. */
  #begun = 0;
  #hasFailed = true;
  /** What was said last, as `onFault` has it, and how often anything was. */
  #fault = "";
  #told = 0;
  /** By folder: the working directory, and each outside of it that holds a file of theirs. */
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly ready: Promise<void> }>();
  #entrance: Server | undefined;
  #isClosed = false;

  constructor(
    private readonly order: VersionOrder,
    private readonly events: WatchEvents,
    private readonly stateFile?: string,
  ) {}

  /** Starts the first version, and watches the working directory. Resolves once a version serves or has failed. */
  async start(): Promise<void> {
    process.once("exit", this.#kill);
    this.#watch(".");
    for (const module of this.order.modules.filter(isOutside)) {
      const isFolder = statSync(module, { throwIfNoEntry: false })?.isDirectory() === true;
      if (isFolder) this.#watch(resolve(module));
      else this.#watch(dirname(resolve(module)), 0);
    }
    await this.#isWatching();
    await this.#load();
  }

  /** Listens on a port, and passes every connection to the version that serves. */
  async listen(port: number): Promise<number> {
    const entrance = createServer((socket) => {
      if (this.#current === undefined) return socket.destroy();
      const target = connect(this.#current.port, "127.0.0.1");
      socket.pipe(target).pipe(socket);
      for (const side of [socket, target]) side.on("error", () => (socket.destroy(), target.destroy()));
      return undefined;
    });
    await new Promise<void>((listening, reject) => {
      entrance.once("error", reject).listen(port, "127.0.0.1", listening);
    });
    this.#entrance = entrance;
    const { port: given } = entrance.address() as { port: number };
    if (this.#isClosed) entrance.close();
    return given;
  }

  /** Ends the versions that serve, what is in flight first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of [this.#timer, ...this.#settling.values()]) clearTimeout(timer);
    await Promise.all([...this.#watchers.values()].map(({ watcher }) => watcher.close()));
    this.#entrance?.close();
    kill(this.#next);
    await Promise.all([...this.#served].map((child) => this.#stop(child)));
    process.off("exit", this.#kill);
  }

  /** Nothing outlives this process. */
  readonly #kill = (): void => {
    for (const child of [this.#next, ...this.#served]) kill(child);
  };

  #watch(folder: string, depth?: number): void {
    if (this.#isClosed || this.#watchers.has(folder)) return;
    const { watch } = require("chokidar") as typeof import("chokidar");
    const bound = depth === undefined ? {} : { depth };
    const watcher = watch(folder, { ignored: isIgnored, ignoreInitial: true, persistent: true, ...bound });
    for (const event of ["add", "change", "unlink"] as const) watcher.on(event, (path) => this.#onChange(path));
    watcher.on("error", (error) => console.error(`${folder} is not watched: ${(error as Error).message}`));
    const ready = new Promise<void>((isReady) => watcher.once("ready", isReady));
    this.#watchers.set(folder, { watcher, ready: ready.then(() => this.#lookBack(folder)) });
  }

  /** What has changed after a version began to load, and before the folder was watched, of which that version had to tell. */
  #lookBack(folder: string): void {
    const isChanged = (file: string): boolean => {
      try {
        return statSync(file).mtimeMs > this.#begun;
      } catch {
        return true;
      }
    };
    for (const file of this.#files) if (dirname(file) === folder && isChanged(file)) this.#onChange(file);
  }

  async #isWatching(): Promise<void> {
    await Promise.all([...this.#watchers.values()].map(({ ready }) => ready));
  }

  #onChange(path: string): void {
    const file = resolve(path);
    if (this.#files.has(file)) return this.#loadSoon();
    if (!sources.includes(extname(file)) || this.#isOwn(file)) return;
    clearTimeout(this.#settling.get(file));
    const look = (): void => {
      this.#settling.delete(file);
      // A version may have told of it in the meantime.
      if (this.#files.has(file) || this.#isModule(file)) this.#loadSoon();
      else if (this.#next !== undefined) this.#changedMeanwhile.add(file);
      else if (this.#hasFailed || this.#files.size === 0) this.#tryAgain();
    };
    this.#settling.set(file, setTimeout(look, settle));
  }

  /** What this command writes itself, whenever a function is invoked. */
  #isOwn(file: string): boolean {
    const { record } = this.order;
    const isRecording = record !== undefined && dirname(file) === resolve(record) && extname(file) === ".json";
    return isRecording || (this.stateFile !== undefined && file === resolve(this.stateFile));
  }

  /**
   * A file that no version has loaded cannot change one; after a failure it may be the one that was missing. It may also
   * be one that the app itself writes all the time, which must not put off the load of what the user saves.
   */
  #tryAgain(): void {
    this.#timer ??= setTimeout(() => void this.#load(true), settle);
  }

  #loadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), settle);
  }

  /** Whether a folder that was given as a module has a file as one of its modules: it may be new. */
  #isModule(file: string): boolean {
    return this.order.modules.some((module) => {
      if (relative(module, file).startsWith("..")) return false;
      try {
        return filesOf(module).includes(file);
      } catch (error) {
        // Another file went while the folder was read, which says nothing of this one.
        return !(error instanceof UsageError);
      }
    });
  }

  /** @param isRetry that nothing of what it loaded before was saved: the same fault need not be said again */
  async #load(isRetry = false): Promise<void> {
    if (this.#isClosed) return;
    this.#timer = undefined;
    this.#changedMeanwhile.clear();
    this.#begun = Date.now();
    kill(this.#next);
    const child = fork(join(__dirname, "watched-app.js"), [], {
      // Node tells the parent of each file that is loaded, as it does for `node --watch`.
      env: { ...process.env, WATCH_REPORT_DEPENDENCIES: "1" },
      execArgv: ["--enable-source-maps"],
      // Not of the terminal's group: Ctrl-C and what `close` sends later would be two signals, which cut off what is in flight.
      detached: hasGroups,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#next = child;
    const underWay = new UnderWay(this.events.onRecord);
    const outputs: string[] = [];
    let isCompiling = false;
    const ended = new Promise<string>((resolve) => {
      child.once("close", (code, signal) => {
        const how = String(signal ?? code);
        resolve(how);
        this.#served.delete(child);
        // What it had no time to remove itself.
        for (const folder of outputs) rm(folder, { recursive: true, force: true }).catch(() => undefined);
        underWay.end(`the process of the app ended with ${how} while it ran`);
        this.#onClose(child, how);
      });
    });
    const outcome = new Promise<Extract<VersionMessage, { type: "ready" | "failed" }>>((settled) => {
      child.on("message", (message: VersionMessage | Dependencies | Output) => {
        // What it is compiled from is told when that is done.
        isCompiling = "watch:output" in message;
        if ("watch:output" in message) outputs.push(message["watch:output"]);
        else if (!("type" in message)) this.#addFiles(message);
        else if (message.type === "record") underWay.add(message.record);
        else if (message.type === "recording") this.events.onRecording(message.id, message.recording);
        else settled(message);
      });
      void ended.then((how) => settled({ type: "failed", text: `it ended with ${how} while it was loading` }));
    });
    child.send(this.order satisfies VersionOrder);
    const isSlow = setTimeout(() => {
      const hint = isCompiling
        ? "tsc compiles it, which @swc/core does faster: npm install -D @swc/core"
        : "mind an await at the top of a module that does not settle";
      this.#fail(`it has been loading for ${slow / 1000} s; ${hint}`, false);
    }, slow);
    const message = await outcome;
    clearTimeout(isSlow);
    // A later change has begun another version.
    if (this.#next !== child || this.#isClosed) return;
    this.#next = undefined;
    const changed = [...this.#changedMeanwhile];
    if (changed.some((file) => this.#files.has(file))) this.#loadSoon();
    else if (message.type === "failed" && changed.length > 0) this.#tryAgain();
    if (message.type === "failed") return this.#fail(message.text, isRetry);
    return this.#turnTo({ child, port: message.port, functions: message.functions, hasBegun: false }, ended, isRetry);
  }

  /** Lets a version serve in place of the one before, which goes on where the sidecar does not understand the new one. */
  async #turnTo(version: Version, ended: Promise<string>, isRetry: boolean): Promise<void> {
    const previous = this.#current;
    this.#current = version;
    this.#served.add(version.child);
    this.#hasFailed = false;
    await this.#isWatching();
    const fault = await Promise.race([
      this.events.onReady(version.port, version.functions).then(() => undefined, messageOf),
      ended.then((how) => `it ended with ${how} when it began to serve`),
    ]);
    // Else a later version has taken over, and ends this one.
    const isLast = this.#current === version && !this.#isClosed;
    if (!isLast || fault === undefined) {
      version.hasBegun = true;
      if (isLast && version.child.connected) version.child.send({ type: "turned" } satisfies Turned, () => undefined);
      // What a later version has failed with meanwhile still stands.
      if (isLast && !this.#hasFailed) this.#say("");
      return this.#stop(previous?.child);
    }
    const lastGood = previous !== undefined && isRunning(previous.child) ? previous : undefined;
    this.#current = lastGood;
    this.#hasFailed = true;
    const told = this.#told;
    if (lastGood !== undefined) {
      lastGood.hasBegun = true;
      // The sidecar has turned away from it, and it does not go on before that has turned back.
      const turned = this.events.onReady(lastGood.port, lastGood.functions).catch(() => undefined);
      await within(turnsBack, turned);
    }
    // Else a later version has had its say meanwhile, or is having it.
    if (this.#told === told && this.#current === lastGood && !this.#isClosed) this.#fail(fault, isRetry);
    return this.#stop(version.child);
  }

  #stop(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined) return Promise.resolve();
    let ended = this.#ending.get(child);
    if (ended === undefined) this.#ending.set(child, (ended = stop(child)));
    return ended;
  }

  #fail(text: string, isRetry: boolean): void {
    this.#hasFailed = true;
    if (!isRetry || text !== this.#fault) this.#say(text);
  }

  #say(text: string): void {
    this.#told += 1;
    this.#fault = text;
    this.events.onFault(text, this.#current !== undefined);
  }

  #addFiles({ "watch:import": imported = [], "watch:require": required = [] }: Dependencies): void {
    for (const file of [...imported, ...required]) {
      if (typeof file !== "string") continue;
      const path = file.startsWith("file:") ? fileURLToPath(file) : file;
      if (!isAbsolute(path) || isIgnored(path)) continue;
      this.#files.add(path);
      // The folder, not the file: editors put another in its place.
      if (isOutside(path)) this.#watch(dirname(path), 0);
    }
  }

  #onClose(child: ChildProcess, how: string): void {
    if (child !== this.#current?.child || !this.#current.hasBegun || this.#isClosed) return;
    this.#current = undefined;
    this.#fail(`it has ended with ${how}; the next change starts it again`, false);
  }
}

/** The invocations of one version: what has not ended when its process does has ended with it. */
class UnderWay {
  readonly #records = new Map<string, InvocationRecord>();

  constructor(private readonly give: (record: InvocationRecord) => void) {}

  add(record: InvocationRecord): void {
    if (record.ms === undefined) this.#records.set(record.id, record);
    else this.#records.delete(record.id);
    this.give(record);
  }

  end(message: string): void {
    for (const record of this.#records.values()) {
      this.give({ ...record, ms: Date.now() - record.begun, failure: { errorCode: "no answer", message } });
    }
    this.#records.clear();
  }
}

/** What is below node_modules, or in folders that begin with a dot, as seen from the working directory. */
function isIgnored(path: string): boolean {
  return /(?:^|[\\/])(?:node_modules|\.[^\\/.][^\\/]*)(?:[\\/]|$)/.test(relative(".", path));
}

function isOutside(path: string): boolean {
  const inside = relative(".", path);
  return inside.startsWith("..") || isAbsolute(inside);
}

/** A folder that is a version's own, and goes with it. */
interface Output {
  readonly "watch:output": string;
}

interface Dependencies {
  readonly "watch:import"?: readonly unknown[];
  readonly "watch:require"?: readonly unknown[];
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Ends a version at once, and what it runs: a compiler would go on. */
function kill(child: ChildProcess | undefined): void {
  if (child === undefined || !isRunning(child)) return;
  child.kill("SIGKILL");
  try {
    if (hasGroups) process.kill(-child.pid!, "SIGKILL");
  } catch {
    // Nothing else was in its group.
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const closed = new Promise((resolved) => child.once("close", resolved));
  const timer = setTimeout(() => kill(child), patience);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(timer);
}
