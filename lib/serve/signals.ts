const signals = ["SIGTERM", "SIGINT"] as const;
const ours = Symbol.for("dapr-functions/signal-listener");

/**
 * Closes an app when the process is told to stop. Where nobody else listens to the signal, the process then ends by it,
 * as it would have without us and as its parent expects; another listener decides that itself.
 *
 * @returns ends the listening; to be called when the app has closed
 */
export function closeOnSignals(close: () => Promise<void>): () => void {
  const listeners = signals.map((signal) => {
    const listener = () => {
      const isOurs = process.listeners(signal).every((other) => ours in other);
      void close().finally(() => {
        // The last of several apps in one process ends it.
        if (isOurs && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
    };
    process.on(signal, Object.assign(listener, { [ours]: true }));
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}
