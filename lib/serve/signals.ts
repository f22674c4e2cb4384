import { constants } from "node:os";
import { after } from "../model/duration.js";

const signals = ["SIGTERM", "SIGINT"] as const;
const ours = Symbol.for("dapr-functions/signal-listener");

/** Shells and npm pass a signal on that the terminal has sent to the whole group already: that is one, not two. */
const echo = 100;

export interface SignalOptions {
  readonly close: () => Promise<void>;
  /** Whether the process ends when the app has closed. */
  readonly exits: boolean;
  /** Milliseconds that listeners of the program's own have to end the process after that. */
  readonly patience: number;
}

/**
 * Closes an app when the process is told to stop, and then ends the process with its exit code, 0 unless set: it would
 * live on with any timer or connection that is open, and as the first process of a container no signal would end it. A
 * second signal ends it at once.
 *
 * @returns ends the listening; to be called when the app has closed
 */
export function closeOnSignals({ close, exits, patience }: SignalOptions): () => void {
  let toldAt: number | undefined;
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (toldAt !== undefined) {
        if (exits && performance.now() - toldAt > echo) process.exit(128 + constants.signals[signal]);
        return;
      }
      toldAt = performance.now();
      // Now: one that listens once is gone when the app has closed, and still at work.
      const isShared = hasForeignListeners(signal);
      void close().finally(() => {
        if (exits) setImmediate(() => endProcess(isShared ? patience : 0));
      });
    };
    // Before the others, of which those that listen once are taken off as they are called.
    process.prependListener(signal, Object.assign(listener, { [ours]: true }));
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/**
 * The last of several apps in one process ends it.
 *
 * @param patience milliseconds that listeners of the program's own have to do so first
 */
function endProcess(patience: number): void {
  const left = signals.flatMap((signal) => process.listeners(signal));
  if (left.some(isOurs)) return;
  // What is left to do keeps the process alive; the waiting does not.
  if (patience > 0) after(patience, () => process.exit(), { keepsAlive: false });
  else process.exit();
}

function hasForeignListeners(signal: NodeJS.Signals): boolean {
  return process.listeners(signal).filter((listener) => !isOurs(listener)).length > signalExitListeners();
}

function isOurs(listener: object): boolean {
  return ours in listener;
}

/**
 * How many listeners of a signal are those of signal-exit, which is in the tree of many packages: they wait for all
 * others to go, and do what they are for when the process exits. Version 3 says so at `process`, 4 at `globalThis`.
 */
function signalExitListeners(): number {
  const emitters = [
    (process as unknown as Record<string, unknown>)["__signal_exit_emitter__"],
    (globalThis as unknown as Record<symbol, unknown>)[Symbol.for("signal-exit emitter")],
  ] as readonly ({ readonly count?: unknown } | null | undefined)[];
  return emitters
    .map((emitter) => emitter?.count)
    .reduce((sum: number, count) => sum + (typeof count === "number" ? count : 0), 0);
}
