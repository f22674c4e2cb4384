import cluster, { type Worker } from "node:cluster";

/** Starts workers and replaces those that die. On SIGTERM each finishes what it has in flight; the last one out ends the app. */
export function runWorkers(count: number): void {
  const serving = new Set<Worker>();
  let isStopping = false;

  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    console.log("stopping");
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker === undefined) continue;
      // One that does not serve yet has nothing to finish.
      if (serving.has(worker) && worker.isConnected()) worker.send("stop");
      else worker.process.kill("SIGKILL");
    }
  };

  cluster.on("listening", (worker) => {
    serving.add(worker);
    console.log(`worker ${worker.process.pid} serves`);
  });
  cluster.on("exit", (worker, code: number | null, signal: string | null) => {
    const wasServing = serving.delete(worker);
    // Whoever tells all processes to stop tells some of them first.
    if (code === 0 || (isStopping && !wasServing)) return;
    console.error(`worker ${worker.process.pid} ended with ${signal ?? code}`);
    if (isStopping) {
      process.exitCode = 1;
    } else if (wasServing) {
      cluster.fork();
    } else {
      // Another would not start either: the log says why.
      process.exitCode = 1;
      stop();
    }
  });

  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  for (let index = 0; index < count; index++) cluster.fork();
}
