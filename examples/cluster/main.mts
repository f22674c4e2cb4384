// One app on several cores: the first process starts workers, which serve behind one app port.
import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import { runWorkers } from "./workers.mjs";

if (cluster.isPrimary) runWorkers(Number(process.env.WORKERS ?? availableParallelism()));
else await import("./worker.mjs");
