import { spawn, type ChildProcessByStdio } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { within } from "../../model/duration.js";
import { exitCodes } from "../report.js";
import type { RunFileApp } from "./run-file.js";

/** Milliseconds that applications get to end what is in flight. */
const usualPatience = 10_000;
/** Milliseconds in which what was killed has closed its pipes. */
const afterKill = 500;

/** Windows has no groups of processes: there, only the command itself is signalled. */
const hasGroups = process.platform !== "win32";

/**
 * The command of an application, in a group of processes of its own: shells and npm end without passing a signal on, so
 * every process that the command has started is told, and none is left. Its output is printed as Dapr's own command does.
 */
export class AppCommand {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stopSignal: NodeJS.Signals | undefined;
  /** The number of a group that has ended may be given to another. */
  #isGone = false;
  /** When the command and whatever has its output have ended. */
  readonly closed: Promise<void>;

  constructor(
    { appId, folder, env, appPort }: Omit<RunFileApp, "command">,
    [program, ...args]: NonNullable<RunFileApp["command"]>,
    sidecarPort: number,
  ) {
    const child = spawn(program, args, {
      cwd: folder,
      env: {
        ...process.env,
        APP_ID: appId,
        APP_PROTOCOL: "http",
        DAPR_HTTP_PORT: String(sidecarPort),
        ...(appPort !== undefined && { APP_PORT: String(appPort), DAPR_APP_PORT: String(appPort) }),
        // What the file gives is the last word, as for Dapr.
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      shell: !hasGroups,
      detached: hasGroups,
    });
    this.#child = child;
    // As Dapr's own command marks them.
    const print = (stream: Readable, write: (line: string) => void) =>
      createInterface(stream).on("line", (line) => write(`== APP - ${appId} == ${line}`));
    print(child.stdout, (line) => console.log(line));
    print(child.stderr, (line) => console.error(line));
    child.once("error", (error) => {
      console.error(`${appId}: ${program} could not be started (${error.message}); mind its command and appDirPath`);
      process.exitCode = exitCodes.problems;
    });
    child.once("close", (code, signal) => {
      this.#isGone = !this.#isAlive();
      if (code !== 0 && signal === null && !this.#isToldBy(code)) process.exitCode = exitCodes.problems;
      if (code !== null && code >= 0) console.log(`${appId} has ended with ${code}`);
    });
    this.closed = new Promise((resolve) => {
      child.once("close", () => resolve());
      if (child.pid === undefined) child.once("error", () => resolve());
    });
  }

  /** Tells every process of the command to end, and ends after the patience (ms) those that have not. */
  async stop(signal: NodeJS.Signals, patience = usualPatience): Promise<void> {
    this.#stopSignal = signal;
    this.#send(signal);
    const end = performance.now() + patience;
    await within(patience, this.closed);
    // Those that write elsewhere have not ended with the pipes, and are not children of this process.
    while (this.#isAlive() && performance.now() < end) await delay(50);
    this.kill();
    await within(afterKill, this.closed);
    // What has left the group may hold them for ever.
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    await this.closed;
    this.#isGone = true;
  }

  /** Ends every process of the command at once. */
  kill(): void {
    this.#send("SIGKILL");
  }

  /** False where nobody is there to get it. */
  #send(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined || this.#isGone) return false;
    try {
      return hasGroups ? process.kill(-pid, signal) : this.#child.kill(signal);
    } catch {
      return false;
    }
  }

  #isAlive(): boolean {
    return this.#send(0) && (process.platform !== "linux" || hasLiving(this.#child.pid!));
  }

  /** npm ends with the code that shells have for the signal of what it ran. */
  #isToldBy(code: number | null): boolean {
    return this.#stopSignal !== undefined && code === 128 + constants.signals[this.#stopSignal];
  }
}

/** Whether a group has a process that has not ended: in a container, nobody may take away those that have. */
function hasLiving(group: number): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      // The name of the program, in brackets, may hold any character.
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(itsGroup) === group && state !== "Z" && state !== "X";
    } catch {
      return false;
    }
  });
}
