import { constants } from "node:os";

/** The signal is the one that said so; SIGTERM where nothing did. */
type Stop = (signal: NodeJS.Signals) => Promise<void>;

/** SIGHUP: a terminal has closed, and those that were started in groups of their own are not told. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Milliseconds in which a signal that comes again is one: npm passes on what the terminal has sent to all of the group. */
const echo = 100;

/**
 * Starts something, keeps it until SIGINT, SIGTERM or SIGHUP, and stops what was started in the order in which it was said: a
 * sidecar ends its deliveries while the app still answers them. A start that fails stops what had been started by then, and
 * so does one that says "ended": there is nothing to keep. A second signal ends the process at once.
 */
export async function untilStopped(start: (onStop: (stop: Stop) => void) => Promise<"ended" | void>): Promise<void> {
  const stops: Stop[] = [];
  let hasStopped = false;
  let by: NodeJS.Signals = "SIGTERM";
  const signal = new Promise<void>((resolve) => {
    let toldAt: number | undefined;
    for (const name of signals) {
      process.on(name, () => {
        if (toldAt !== undefined && performance.now() - toldAt > echo) process.exit(128 + constants.signals[name]);
        if (toldAt === undefined) by = name;
        toldAt ??= performance.now();
        resolve();
      });
    }
  });
  // What a start that is still under way has started by the time that all else has stopped, stops at once.
  const onStop = (stop: Stop): void => void (hasStopped ? stop(by) : stops.push(stop));
  try {
    const started = await Promise.race([start(onStop), signal]);
    if (started !== "ended") await signal;
  } finally {
    for (const stop of stops) await stop(by);
    hasStopped = true;
  }
}
