import { serve, type App } from "../../index.js";
import { describeFunction } from "../../inspector/describe.js";
import { History } from "../../inspector/history.js";
import { Inspector } from "../../inspector/inspector.js";
import type { InvocationRecord } from "../../inspector/page/wire.js";
import { Recorder } from "../../inspector/recorder.js";
import { Recordings } from "../../inspector/recordings.js";
import type { Target } from "../../metadata/module-functions.js";
import { startMesh, type Mesh } from "../../sidecar/index.js";
import { loadFunctions, type LoadedFunctions } from "../modules/function-app.js";
import { lineOf, type LineFormat } from "./invocation-lines.js";
import { exitCodes, exitWith, hasErrors, printProblems } from "../report.js";
import { inspectorUrl, naming, tokens } from "./sidecar-options.js";
import { untilStopped } from "./stop-signal.js";

/** One app of modules, beside a sidecar on a port. */
export interface ModulesOfApp {
  readonly appId: string;
  readonly modules: readonly string[];
  /** Of the sidecar. */
  readonly port: number;
}

export interface ModulesOptions {
  readonly components: string;
  readonly appPort: number;
  readonly daprHttpPort: number;
  readonly stateFile?: string;
  readonly inMemory?: boolean;
  readonly log: LineFormat;
  readonly inspect: boolean;
  readonly watch?: boolean;
  readonly daprUrl?: string;
  readonly record?: string;
}

interface LoadedApp extends ModulesOfApp {
  readonly targets: readonly Target[];
  readonly fileOf: LoadedFunctions["fileOf"];
}

/** Serves modules beside embedded sidecars, until interrupted. */
export async function runModules(apps: readonly ModulesOfApp[], options: ModulesOptions): Promise<void> {
  if (options.watch === true) {
    await untilStopped((onStop) => watchAll(apps, options, onStop));
    return;
  }
  const loaded: LoadedApp[] = [];
  for (const app of apps) {
    const { targets, problems, fileOf } = await loadFunctions(app.modules);
    if (hasErrors(problems)) {
      printProblems(problems);
      // A module that started something would keep this process alive.
      exitWith(exitCodes.problems);
      return;
    }
    loaded.push({ ...app, targets, fileOf });
  }
  await untilStopped((onStop) => serveAll(loaded, options, onStop));
}

function recordings({ history }: Inspector, { inspect }: ModulesOptions): Recordings[] {
  return inspect ? [new Recordings((id, recording) => history.addRecording(id, recording))] : [];
}

type OnStop = (stop: () => Promise<void>) => void;

async function serveAll(apps: readonly LoadedApp[], options: ModulesOptions, onStop: OnStop): Promise<void> {
  const { inspector, mesh, onRecord } = await startSidecars(apps, options);
  const served: App[] = [];
  const stopping = stoppingInOrder(mesh, served, onStop);
  for (const { appId, targets, fileOf } of apps) {
    if (stopping.aborted) return;
    const sidecar = mesh.sidecars.get(appId)!;
    const port = apps.length === 1 ? options.appPort : 0;
    const recorder = new Recorder(appId, onRecord);
    const record = options.record === undefined ? undefined : { folder: options.record, moduleOf: fileOf };
    const own = {
      daprUrl: sidecar.url,
      port,
      observers: [recorder, ...recordings(inspector, options)],
      log: recorder.logOver(console, options.log !== "off"),
      record,
    };
    const app = await naming("--app-port", port, serve(targets, own));
    served.push(app);
    // What was told to stop by then has stopped without it.
    if (stopping.aborted) return await app.close();
    const functions = app.functions.map((definition) => describeFunction(appId, definition, `./${fileOf(definition)}`));
    inspector.history.setFunctions(appId, functions);
    await sidecar.connect(app);
    console.log(`${appId} at ${app.url}, its sidecar at ${sidecar.url}`);
  }
  sayWhere(apps, mesh, options);
}

async function watchAll(apps: readonly ModulesOfApp[], options: ModulesOptions, onStop: OnStop): Promise<void> {
  const { WatchedApp } = require("./run-watch.js") as typeof import("./run-watch.js");
  const { inspector, mesh, onRecord } = await startSidecars(apps, options);
  const { watch } = require("chokidar") as typeof import("chokidar");
  const components = watch(options.components, { ignoreInitial: true });
  components.on("all", (_, path) => console.log(`${path} has changed; start run anew to apply it`));
  const watched: { close(): Promise<void> }[] = [components];
  const stopping = stoppingInOrder(mesh, watched, onStop);
  for (const { appId, modules } of apps) {
    if (stopping.aborted) return;
    const sidecar = mesh.sidecars.get(appId)!;
    let versions = 0;
    const app = new WatchedApp(
      {
        appId,
        modules,
        daprUrl: sidecar.url,
        record: options.record,
        isPrinted: options.log !== "off",
        isInspected: options.inspect,
      },
      {
        onRecord,
        onRecording: (id, recording) => inspector.history.addRecording(id, recording),
        onReady: async (port, functions) => {
          await sidecar.connect({ port });
          inspector.history.setFunctions(appId, functions);
        },
        onFault: (text, isServing) => {
          inspector.history.setNotice(appId, text);
          if (text === "") {
            if (++versions > 1) console.log(`${appId} has changed, and serves again`);
            return;
          }
          const what = isServing ? "the last good version goes on" : "nothing is served until it is right";
          console.error(`${appId}: ${text}\n${appId}: ${what}`);
        },
      },
      options.stateFile,
    );
    watched.push(app);
    const listening = apps.length === 1 ? options.appPort : 0;
    const port = await naming("--app-port", listening, app.listen(listening));
    await app.start();
    console.log(`${appId} at http://127.0.0.1:${port}, its sidecar at ${sidecar.url}`);
  }
  if (stopping.aborted) return;
  sayWhere(apps, mesh, options);
  console.log("watching for changes");
}

async function startSidecars(
  apps: readonly ModulesOfApp[],
  { components, daprHttpPort, stateFile, inMemory: standIns, log, inspect }: ModulesOptions,
): Promise<{ inspector: Inspector; mesh: Mesh; onRecord: (record: InvocationRecord) => void }> {
  const inspector = new Inspector(new History());
  const starting = startMesh({
    apps: apps.map(({ appId, port }) => ({ appId, port, ...tokens(process.env) })),
    components,
    stateFile,
    standIns,
    inspector: inspect ? inspector : undefined,
  });
  const mesh = await naming("--dapr-http-port", daprHttpPort, starting);
  const onRecord = (record: InvocationRecord): void => {
    if (inspect) inspector.history.add(record);
    if (record.ms !== undefined && log !== "off") console.log(lineOf(record, log, process.stdout.isTTY));
  };
  return { inspector, mesh, onRecord };
}

/** What is aborted once they are to stop: a start that is still under way starts nothing more. */
function stoppingInOrder(mesh: Mesh, apps: readonly { close(): Promise<void> }[], onStop: OnStop): AbortSignal {
  const stopping = new AbortController();
  onStop(() => {
    stopping.abort();
    return stopInOrder(mesh, apps);
  });
  return stopping.signal;
}

/**
 * Functions in flight, which learn at once that they are to end, do so while their sidecar still takes what they send, and
 * callers still wait at it.
 */
async function stopInOrder(mesh: Mesh, apps: readonly { close(): Promise<void> }[]): Promise<void> {
  const disconnected = [...mesh.sidecars.values()].map((sidecar) => sidecar.disconnect());
  await Promise.all([...disconnected, ...apps.map((app) => app.close())]);
  await mesh.close();
}

function sayWhere(apps: readonly ModulesOfApp[], mesh: Mesh, { inspect }: ModulesOptions): void {
  const { appId } = apps[0]!;
  const { url } = mesh.sidecars.get(appId)!;
  const json = "-H 'content-type: application/json' -d '{}'";
  console.log(`try: curl -X POST ${url}/v1.0/invoke/${appId}/method/<function> ${json}`);
  if (inspect) console.log(`see: ${inspectorUrl(url)}`);
}
