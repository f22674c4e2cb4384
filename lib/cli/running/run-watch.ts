import { fork, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FSWatcher } from "chokidar";
import type { DescribedFunction, InvocationRecord } from "../../inspector/page/wire.js";
import type { Recording } from "../../record/recording.js";
import { filesOf } from "../modules/load-functions.js";
import type { VersionMessage, VersionOrder } from "./watched-app.js";

/** What an app that is watched tells. */
export interface WatchEvents {
  /** A version has begun to serve: the sidecar turns to it. */
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

/** The modules of one app, each version of them in a process of its own; the last good one serves. */
export class WatchedApp {
  readonly #files = new Set<string>();
  /** By file that no version has loaded: when it is looked at. */
  readonly #settling = new Map<string, NodeJS.Timeout>();
  #current: ChildProcess | undefined;
  #currentPort: number | undefined;
  #next: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = true;
  /** By folder: the working directory, and each outside of it that holds a file of theirs. */
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly ready: Promise<void> }>();
  #entrance: Server | undefined;
  #isClosed = false;

  constructor(
    private readonly order: VersionOrder,
    private readonly events: WatchEvents,
  ) {}

  /** Starts the first version, and watches the working directory. Resolves once a version serves or has failed. */
  async start(): Promise<void> {
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
      if (this.#currentPort === undefined) return socket.destroy();
      const target = connect(this.#currentPort, "127.0.0.1");
      socket.pipe(target).pipe(socket);
      for (const side of [socket, target]) side.on("error", () => (socket.destroy(), target.destroy()));
      return undefined;
    });
    await new Promise<void>((listening, reject) => {
      entrance.once("error", reject).listen(port, "127.0.0.1", listening);
    });
    this.#entrance = entrance;
    return (entrance.address() as { port: number }).port;
  }

  /** Ends the version that serves, what is in flight first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of [this.#timer, ...this.#settling.values()]) clearTimeout(timer);
    await Promise.all([...this.#watchers.values()].map(({ watcher }) => watcher.close()));
    this.#entrance?.close();
    this.#next?.kill("SIGKILL");
    await stop(this.#current);
  }

  #watch(folder: string, depth?: number): void {
    if (this.#isClosed || this.#watchers.has(folder)) return;
    const { watch } = require("chokidar") as typeof import("chokidar");
    const bound = depth === undefined ? {} : { depth };
    const watcher = watch(folder, { ignored: isIgnored, ignoreInitial: true, persistent: true, ...bound });
    for (const event of ["add", "change", "unlink"] as const) watcher.on(event, (path) => this.#onChange(path));
    watcher.on("error", (error) => console.error(`${folder} is not watched: ${(error as Error).message}`));
    const ready = new Promise<void>((isReady) => watcher.once("ready", isReady));
    this.#watchers.set(folder, { watcher, ready });
  }

  async #isWatching(): Promise<void> {
    await Promise.all([...this.#watchers.values()].map(({ ready }) => ready));
  }

  #onChange(path: string): void {
    const file = resolve(path);
    if (this.#files.has(file)) return this.#loadSoon();
    if (!sources.includes(extname(file))) return;
    clearTimeout(this.#settling.get(file));
    const look = (): void => {
      this.#settling.delete(file);
      if (this.#mayCount(file)) this.#loadSoon();
    };
    this.#settling.set(file, setTimeout(look, settle));
  }

  #loadSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), settle);
  }

  /** A file that no version has loaded cannot change one; after a failure it may be the one that was missing. */
  #mayCount(file: string): boolean {
    return this.#hasFailed || this.#files.size === 0 || this.#isModule(file);
  }

  /** Whether a folder that was given as a module has a file as one of its modules: it may be new. */
  #isModule(file: string): boolean {
    return this.order.modules.some((module) => {
      if (relative(module, file).startsWith("..")) return false;
      try {
        return filesOf(module).includes(file);
      } catch {
        return false;
      }
    });
  }

  async #load(): Promise<void> {
    this.#next?.kill("SIGKILL");
    const child = fork(join(__dirname, "watched-app.js"), [], {
      // Node tells the parent of each file that is loaded, as it does for `node --watch`.
      env: { ...process.env, WATCH_REPORT_DEPENDENCIES: "1" },
      execArgv: ["--enable-source-maps"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#next = child;
    const underWay = new UnderWay(this.events.onRecord);
    const outcome = new Promise<Extract<VersionMessage, { type: "ready" | "failed" }>>((settled) => {
      child.on("message", (message: VersionMessage | Dependencies) => {
        if (!("type" in message)) this.#addFiles(message);
        else if (message.type === "record") underWay.add(message.record);
        else if (message.type === "recording") this.events.onRecording(message.id, message.recording);
        else settled(message);
      });
      child.once("close", (code, signal) => {
        settled({ type: "failed", text: `it ended with ${signal ?? code} while it was loading` });
        underWay.end(`the process of the app ended with ${signal ?? code} while it ran`);
        this.#onClose(child, signal ?? code);
      });
    });
    child.send(this.order satisfies VersionOrder);
    const isSlow = setTimeout(() => {
      this.#hasFailed = true;
      const what = `it has been loading for ${slow / 1000} s; mind an await at the top of a module that does not settle`;
      this.events.onFault(what, this.#current !== undefined);
    }, slow);
    const message = await outcome;
    clearTimeout(isSlow);
    // A later change has begun another version.
    if (this.#next !== child || this.#isClosed) return;
    this.#next = undefined;
    if (message.type === "failed") {
      this.#hasFailed = true;
      this.events.onFault(message.text, this.#current !== undefined);
      return;
    }
    const previous = this.#current;
    this.#current = child;
    this.#currentPort = message.port;
    this.#hasFailed = false;
    await this.#isWatching();
    await this.events.onReady(message.port, message.functions);
    this.events.onFault("", true);
    await stop(previous);
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

  #onClose(child: ChildProcess, how: string | number | null): void {
    if (child !== this.#current || this.#isClosed) return;
    this.#current = undefined;
    this.#currentPort = undefined;
    this.#hasFailed = true;
    this.events.onFault(`it has ended with ${how}; the next change starts it again`, false);
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

interface Dependencies {
  readonly "watch:import"?: readonly unknown[];
  readonly "watch:require"?: readonly unknown[];
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolved) => child.once("close", resolved));
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(timer);
}
