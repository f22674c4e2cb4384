import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { History } from "../../inspector/history.js";
import { Inspector } from "../../inspector/inspector.js";
import { startMesh, type Component } from "../../sidecar/index.js";
import { lineOf, type LineFormat } from "./invocation-lines.js";
import { readRunFile, type RunFileApp } from "./run-file.js";
import { exitCodes } from "../report.js";
import { inspectorUrl, tokens } from "./sidecar-options.js";
import { untilStopped } from "./stop-signal.js";

/** Milliseconds that applications get to end what is in flight. */
const patience = 10_000;

/** What `dapr init` sets up. */
const usualComponents: readonly Component[] = [
  { name: "statestore", type: "state.in-memory" },
  { name: "pubsub", type: "pubsub.in-memory" },
];

/** Runs the applications of a multi-app file beside one embedded mesh, until interrupted or until all have ended. */
export async function runFile(
  path: string,
  {
    stateFile,
    inspect,
    log,
  }: { readonly stateFile?: string | undefined; readonly inspect: boolean; readonly log: LineFormat },
): Promise<void> {
  const { apps, notes } = readRunFile(path);
  for (const note of notes) console.log(note);
  if (apps.some(({ resources }) => resources === undefined)) {
    console.log("no resources are named: a statestore and a pubsub are kept in memory, as `dapr init` names them");
  }
  const shared = tokens(process.env);
  const history = new History();
  history.watch((change) => {
    if (change.type !== "invocation" || change.record.ms === undefined || log === "off") return;
    console.log(lineOf(change.record, log, process.stdout.isTTY));
  });
  await untilStopped(async (onStop) => {
    const mesh = await startMesh({
      apps: apps.map(({ appId, appPort, daprHttpPort, resources }) => ({
        appId,
        appPort,
        port: daprHttpPort,
        components: resources ?? usualComponents,
        ...shared,
      })),
      stateFile,
      // A file that was written for daprd names the brokers and stores that daprd has.
      standIns: true,
      inspector: inspect ? new Inspector(history, true) : undefined,
    });
    // The applications end what is in flight while their sidecars still take what they send.
    onStop(() => Promise.all([...mesh.sidecars.values()].map((sidecar) => sidecar.disconnect())).then(() => undefined));
    const running = apps.map((app) => start(app, mesh.sidecars.get(app.appId)!.port));
    onStop(() => Promise.all(running.map(stop)).then(() => undefined));
    onStop(() => mesh.close());
    for (const { appId, daprHttpPort, appPort } of apps) {
      const sidecar = mesh.sidecars.get(appId)!;
      const where = appPort === undefined ? "which does not listen" : `at http://127.0.0.1:${appPort}`;
      console.log(
        `${appId} ${where}, its sidecar at ${sidecar.url}${daprHttpPort === undefined ? " (any free port)" : ""}`,
      );
    }
    if (inspect) console.log(`see: ${inspectorUrl([...mesh.sidecars.values()][0]!.url)}`);
    await Promise.all(running.map(closed));
    return "ended";
  });
}

function start(
  { appId, folder, command: [program, ...args], env, appPort }: RunFileApp,
  sidecarPort: number,
): ChildProcess {
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      ...process.env,
      ...env,
      APP_ID: appId,
      DAPR_HTTP_PORT: String(sidecarPort),
      ...(appPort !== undefined && { APP_PORT: String(appPort), DAPR_APP_PORT: String(appPort) }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
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
    if (code !== 0 && signal === null) process.exitCode = exitCodes.problems;
    if (code !== null && code >= 0) console.log(`${appId} has ended with ${code}`);
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  const bound = new AbortController();
  const late = delay(patience, true, { signal: bound.signal }).catch(() => false);
  if (await Promise.race([closed(child).then(() => false), late])) child.kill("SIGKILL");
  bound.abort();
  await closed(child);
}

function closed(child: ChildProcess): Promise<void> {
  const hasEnded = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return hasEnded ? Promise.resolve() : new Promise((resolve) => child.once("close", () => resolve()));
}
