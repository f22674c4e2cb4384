type Stop = () => Promise<void>;

/**
 * Starts something, keeps it until SIGINT or SIGTERM, and stops what was started in the order in which it was: a
 * sidecar ends its deliveries while the app still answers them. A start that fails stops what had been started by then. A
 * second signal ends the process at once.
 */
export async function untilStopped(start: (onStop: (stop: Stop) => void) => Promise<void>): Promise<void> {
  const stops: Stop[] = [];
  const signal = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.once(name, () => {
        resolve();
        process.once(name, () => process.exit(1));
      });
    }
  });
  try {
    await Promise.race([start((stop) => stops.push(stop)), signal]);
    await signal;
  } finally {
    for (const stop of stops) await stop();
  }
}
