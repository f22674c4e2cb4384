import { History } from "../../inspector/history.js";
import { Inspector } from "../../inspector/inspector.js";
import { startMesh, type Component } from "../../sidecar/index.js";
import { AppCommand } from "./app-command.js";
import { lineOf, type LineFormat } from "./invocation-lines.js";
import { readRunFile } from "./run-file.js";
import { inspectorUrl, tokens } from "./sidecar-options.js";
import { untilStopped } from "./stop-signal.js";

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
    const commands: AppCommand[] = [];
    // Nothing outlives a second signal either.
    process.once("exit", () => commands.forEach((command) => command.kill()));
    try {
      for (const { command, ...app } of apps) {
        if (command !== undefined) commands.push(new AppCommand(app, command, mesh.sidecars.get(app.appId)!.port));
      }
    } finally {
      onStop((signal) => Promise.all(commands.map((command) => command.stop(signal))).then(() => undefined));
      onStop(() => mesh.close());
    }
    for (const { appId, command, daprHttpPort, appPort } of apps) {
      const sidecar = mesh.sidecars.get(appId)!;
      const where = appPort === undefined ? "which does not listen" : `at http://127.0.0.1:${appPort}`;
      console.log(
        `${appId} ${where}, its sidecar at ${sidecar.url}${daprHttpPort === undefined ? " (any free port)" : ""}`,
      );
      if (command === undefined) console.log(`${appId} has no command: start it yourself, beside that sidecar`);
    }
    if (inspect) console.log(`see: ${inspectorUrl([...mesh.sidecars.values()][0]!.url)}`);
    await Promise.all(commands.map(({ closed }) => closed));
    return commands.length === apps.length ? "ended" : undefined;
  });
}
