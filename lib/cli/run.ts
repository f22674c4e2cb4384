import type { Command } from "commander";
import { serve, type App } from "../index.js";
import type { Target } from "../metadata/module-functions.js";
import { describeFunction } from "../inspector/describe.js";
import { History } from "../inspector/history.js";
import { Inspector, inspectorPath } from "../inspector/inspector.js";
import { Recorder } from "../inspector/recorder.js";
import type { InvocationRecord } from "../inspector/page/wire.js";
import { lineOf, type LineFormat } from "./invocation-lines.js";
import { startMesh } from "../sidecar/index.js";
import { loadFunctions, type LoadedFunctions } from "./function-app.js";
import { exitCodes, exitWith, hasErrors, printProblems } from "./report.js";
import { untilStopped } from "./stop-signal.js";
import { UsageError } from "./usage-error.js";
import { appIdOf, naming, portOf, tokens } from "./sidecar-options.js";

interface RunOptions {
  readonly components: string;
  readonly appId: string;
  readonly appPort: number;
  readonly daprHttpPort: number;
  readonly stateFile?: string;
  readonly inMemory?: boolean;
  /** `id=module` */
  readonly app: readonly string[];
  readonly log: LineFormat;
  readonly inspect: boolean;
}

export function addRun(program: Command): void {
  const { Option } = require("commander") as typeof import("commander");
  program
    .command("run")
    .summary("run functions beside the embedded sidecar: nothing else to install")
    .description(
      "Starts the embedded sidecar with a folder of Dapr component files and serves the functions beside it, until " +
        "interrupted. For development; `dapr run` takes its place where Dapr is installed.",
    )
    .argument("[module...]", "built .js files, folders of them, or .ts files; or a multi-app file of Dapr (dapr.yaml)")
    .option("--components <path>", "folder of Dapr component files, or one file", "components")
    .option("--app-id <id>", "the app's id", appIdOf(process.cwd()))
    .option("--app-port <port>", "port of the app; 0 for any free one", portOf, 0)
    .option("--dapr-http-port <port>", "port of the sidecar's API; 0 for any free one", portOf, 3500)
    .option("--app <id=module>", "an app of several, which call each other by id; repeat it", collect, [])
    .option("--state-file <path>", "JSON file that keeps state from one run to the next")
    .addOption(new Option("--log <format>", "a line per invocation").choices(["text", "json", "off"]).default("text"))
    .option("--no-inspect", "without the page that shows what happens")
    .option("--in-memory", "keep state stores and brokers of other types (state.redis, …) in memory")
    .addHelpText(
      "after",
      "\nExamples:\n  $ npx dapr-functions run build/functions.js --components components\n" +
        "  $ npx dapr-functions run --app orders=build/orders.js --app stock=build/stock.js\n" +
        "  $ npx dapr-functions run dapr.yaml",
    )
    .action(run);
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

async function run(modules: string[], options: RunOptions): Promise<void> {
  // The place in a stack is that of the source, where the build says it.
  process.setSourceMapsEnabled(true);
  const [first, ...others] = modules;
  if (first !== undefined && /\.ya?ml$/i.test(first)) {
    if (others.length > 0 || options.app.length > 0) throw new UsageError("a multi-app file is given alone");
    const { runFile } = require("./run-apps.js") as typeof import("./run-apps.js");
    await runFile(first, options.stateFile);
    return;
  }
  const apps = [
    ...(modules.length > 0 ? [{ appId: options.appId, modules, port: options.daprHttpPort }] : []),
    ...options.app.map(appOf),
  ];
  if (apps.length === 0) throw new UsageError("name a module, a multi-app file, or an --app id=module");
  const loaded: LoadedApp[] = [];
  for (const { appId, modules: paths, port } of apps) {
    const { targets, problems, fileOf } = await loadFunctions(paths);
    if (hasErrors(problems)) {
      printProblems(problems);
      // A module that started something would keep this process alive.
      exitWith(exitCodes.problems);
      return;
    }
    loaded.push({ appId, targets, port, fileOf });
  }
  await untilStopped((onStop) => serveAll(loaded, options, onStop));
}

function appOf(text: string): { readonly appId: string; readonly modules: readonly string[]; readonly port: number } {
  const [appId = "", ...rest] = text.split("=");
  const modules = rest.join("=").split(",");
  if (appId === "" || modules.some((module) => module === "")) {
    throw new UsageError(`--app ${text}: write an app's id and its modules: --app orders=build/orders.js`);
  }
  return { appId, modules, port: 0 };
}

interface LoadedApp {
  readonly appId: string;
  readonly targets: readonly Target[];
  /** Of the sidecar. */
  readonly port: number;
  readonly fileOf: LoadedFunctions["fileOf"];
}

async function serveAll(
  apps: readonly LoadedApp[],
  { components, appPort, daprHttpPort, stateFile, inMemory: standIns, log, inspect }: RunOptions,
  onStop: (stop: () => Promise<void>) => void,
): Promise<void> {
  const inspector = new Inspector(new History());
  const starting = startMesh({
    apps: apps.map(({ appId, port }) => ({ appId, port, ...tokens(process.env) })),
    components,
    stateFile,
    standIns,
    inspector: inspect ? inspector : undefined,
  });
  const mesh = await naming("--dapr-http-port", daprHttpPort, starting);
  const sidecars = [...mesh.sidecars.values()];
  const served: App[] = [];
  onStop(async () => {
    // Functions in flight end while their sidecar still takes what they send, and callers still wait at it.
    await Promise.all(sidecars.map((sidecar) => sidecar.disconnect()));
    await Promise.all(served.map((app) => app.close()));
    await mesh.close();
  });
  const onRecord = (record: InvocationRecord): void => {
    if (inspect) inspector.history.add(record);
    if (record.ms !== undefined && log !== "off") console.log(lineOf(record, log, process.stdout.isTTY));
  };
  for (const { appId, targets, fileOf } of apps) {
    const sidecar = mesh.sidecars.get(appId)!;
    const port = apps.length === 1 ? appPort : 0;
    const recorder = new Recorder(appId, onRecord);
    const options = { daprUrl: sidecar.url, port, observers: [recorder], log: recorder.logOver(console) };
    const app = await naming("--app-port", port, serve(targets, options));
    served.push(app);
    inspector.history.setFunctions(
      appId,
      app.functions.map((definition) => describeFunction(appId, definition, `./${fileOf(definition)}`)),
    );
    await sidecar.connect(app);
    console.log(`${appId} at ${app.url}, its sidecar at ${sidecar.url}`);
  }
  const json = "-H 'content-type: application/json' -d '{}'";
  console.log(`try: curl -X POST ${sidecars[0]!.url}/v1.0/invoke/${apps[0]!.appId}/method/<function> ${json}`);
  if (inspect) console.log(`see: ${inspectorUrl(sidecars[0]!.url)}`);
}

/** With the token behind the `#`, which is sent to nobody. */
function inspectorUrl(sidecar: string): string {
  const { apiToken } = tokens(process.env);
  const token = apiToken === undefined ? "" : `#token=${encodeURIComponent(apiToken)}`;
  return `${sidecar}${inspectorPath}/${token}`;
}
