import { constants } from "node:os";

type Stop = () => Promise<void>;

/**
 * Starts something, keeps it until SIGINT or SIGTERM, and stops what was started in the order in which it was said: a
 * sidecar ends its deliveries while the app still answers them. A start that fails stops what had been started by then, and
 * so does one that says "ended": there is nothing to keep. A second signal ends the process at once.
 */
export async function untilStopped(start: (onStop: (stop: Stop) => void) => Promise<"ended" | void>): Promise<void> {
  const stops: Stop[] = [];
  const signal = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.once(name, () => {
        resolve();
        process.once(name, () => process.exit(128 + constants.signals[name]));
      });
    }
  });
  try {
    const started = await Promise.race([start((stop) => stops.push(stop)), signal]);
    if (started !== "ended") await signal;
  } finally {
    for (const stop of stops) await stop();
  }
}
