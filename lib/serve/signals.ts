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
      void close().finally(() => {
        if (exits) setImmediate(() => endProcess(patience));
      });
    };
    process.on(signal, Object.assign(listener, { [ours]: true }));
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/** The last of several apps in one process ends it. Listeners of the program's own may do so first, in their time. */
function endProcess(patience: number): void {
  const left = signals.flatMap((signal) => process.listeners(signal));
  if (left.some((listener) => ours in listener)) return;
  const foreign = signals.some((signal) => process.listenerCount(signal) > signalExitListeners());
  // What is left to do keeps the process alive; the waiting does not.
  if (foreign) after(patience, () => process.exit(), { keepsAlive: false });
  else process.exit();
}

/**
 * How many listeners of a signal are those of signal-exit, which is in the tree of many packages: they wait for all
 * others to go, and do what they are for when the process exits.
 */
function signalExitListeners(): number {
  const emitters = process as unknown as Record<string | symbol, { readonly count?: unknown } | undefined>;
  return ["__signal_exit_emitter__", Symbol.for("signal-exit emitter")]
    .map((name) => emitters[name]?.count)
    .reduce((sum: number, count) => sum + (typeof count === "number" ? count : 0), 0);
}
