import type { Command } from "commander";
import { serve } from "../index.js";
import { startSidecar } from "../sidecar/index.js";
import { loadFunctions } from "./function-app.js";
import { exitCodes, exitWith, hasErrors, printProblems } from "./report.js";
import { untilStopped } from "./stop-signal.js";
import { appIdOf, naming, portOf, tokens } from "./sidecar-options.js";

interface RunOptions {
  readonly components: string;
  readonly appId: string;
  readonly appPort: number;
  readonly daprHttpPort: number;
}

export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run functions beside the embedded sidecar: nothing else to install")
    .description(
      "Starts the embedded sidecar with a folder of Dapr component files and serves the functions beside it, until " +
        "interrupted. For development; `dapr run` takes its place where Dapr is installed.",
    )
    .argument("<module...>", "built .js files, folders of them, or .ts files")
    .option("--components <path>", "folder of Dapr component files, or one file", "components")
    .option("--app-id <id>", "the app's id", appIdOf(process.cwd()))
    .option("--app-port <port>", "port of the app; 0 for any free one", portOf, 0)
    .option("--dapr-http-port <port>", "port of the sidecar's API; 0 for any free one", portOf, 3500)
    .addHelpText("after", "\nExample:\n  $ npx dapr-functions run build/functions.js --components components")
    .action(run);
}

async function run(modules: string[], { components, appId, appPort, daprHttpPort }: RunOptions): Promise<void> {
  const { targets, problems } = await loadFunctions(modules);
  if (hasErrors(problems)) {
    printProblems(problems);
    // A module that started something would keep this process alive.
    exitWith(exitCodes.problems);
    return;
  }
  await untilStopped(async (onStop) => {
    const starting = startSidecar({ appId, components, port: daprHttpPort, ...tokens(process.env) });
    const sidecar = await naming("--dapr-http-port", daprHttpPort, starting);
    onStop(() => sidecar.close());
    const app = await naming("--app-port", appPort, serve(targets, { daprUrl: sidecar.url, port: appPort }));
    onStop(() => app.close());
    await sidecar.connect(app);
    console.log(`${appId} at ${app.url}, its sidecar at ${sidecar.url}`);
    const json = "-H 'content-type: application/json' -d '{}'";
    console.log(`try: curl -X POST ${sidecar.url}/v1.0/invoke/${appId}/method/<function> ${json}`);
  });
}
