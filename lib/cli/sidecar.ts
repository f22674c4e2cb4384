import type { Command } from "commander";
import { History } from "../inspector/history.js";
import { Inspector } from "../inspector/inspector.js";
import { startSidecar } from "../sidecar/index.js";
import { untilStopped } from "./running/stop-signal.js";
import { appIdOf, inspectorUrl, naming, portOf, tokens } from "./running/sidecar-options.js";

interface SidecarCommandOptions {
  readonly components: string;
  readonly appId: string;
  readonly appPort?: number;
  readonly daprHttpPort: number;
  readonly stateFile?: string;
  readonly inMemory?: boolean;
  readonly inspect: boolean;
}

export function addSidecar(program: Command): void {
  program
    .command("sidecar")
    .summary("run the embedded sidecar alone, for an app started by itself")
    .option("--components <path>", "folder of Dapr component files, or one file", "components")
    .option("--app-id <id>", "the app's id", appIdOf(process.cwd()))
    .option("--app-port <port>", "port on which the app listens, or will; none for no app", portOf)
    .option("--dapr-http-port <port>", "port of the sidecar's API; 0 for any free one", portOf, 3500)
    .option("--state-file <path>", "JSON file that keeps state from one run to the next")
    .option("--no-inspect", "without the page that shows what happens")
    .option("--in-memory", "keep state stores and brokers of other types (state.redis, …) in memory")
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions sidecar --app-port 3001 --components components")
    .action(sidecar);
}

async function sidecar(options: SidecarCommandOptions): Promise<void> {
  const { components, appId, appPort, daprHttpPort, stateFile, inMemory: standIns, inspect } = options;
  await untilStopped(async (onStop) => {
    const starting = startSidecar({
      appId,
      components,
      appPort,
      port: daprHttpPort,
      stateFile,
      standIns,
      inspector: inspect ? new Inspector(new History(), true) : undefined,
      ...tokens(process.env),
    });
    const started = await naming("--dapr-http-port", daprHttpPort, starting);
    onStop(() => started.close());
    console.log(`sidecar of ${appId} at ${started.url}`);
    if (inspect) console.log(`see: ${inspectorUrl(started.url)}`);
    if (appPort === undefined) return;
    await started.ready;
    console.log(`app found at http://127.0.0.1:${appPort}`);
  });
}
