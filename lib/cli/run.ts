import type { Command } from "commander";
import type { ModulesOfApp, ModulesOptions } from "./running/run-modules.js";
import { appIdOf, portOf } from "./running/sidecar-options.js";
import { UsageError } from "./usage-error.js";

interface RunOptions extends ModulesOptions {
  readonly appId: string;
  /** `id=module` */
  readonly app: readonly string[];
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
    .option("--dapr-url <url>", "the sidecar of a daprd that runs already, in place of the embedded one")
    .option("--watch", "load the modules anew when a file of theirs changes; the sidecar and its state stay")
    .option("--state-file <path>", "JSON file that keeps state from one run to the next")
    .addOption(new Option("--log <format>", "a line per invocation").choices(["text", "json", "off"]).default("text"))
    .option("--record <folder>", "write each invocation to a file of this folder, for replay")
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

/** Options that a multi-app file, or what it starts, says itself. */
const ofModules: Readonly<Record<string, string>> = {
  components: "let the file name resourcesPath",
  appId: "let the file name appID",
  appPort: "let the file name appPort",
  daprHttpPort: "let the file name daprHTTPPort",
  daprUrl: "start the file with `dapr run -f`",
  watch: "let each command of the file watch itself",
  record: "let each application record itself, with the option record of serve",
};

const ofOne = "is for one app: of several each has any free port; a multi-app file gives each its own";

async function run(modules: string[], options: RunOptions, command: Command): Promise<void> {
  const [first, ...others] = modules;
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  if (first !== undefined && /\.ya?ml$/i.test(first)) {
    if (others.length > 0 || options.app.length > 0) throw new UsageError("a multi-app file is given alone");
    const given = Object.keys(ofModules).find(isGiven);
    if (given !== undefined) {
      const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw new UsageError(`--${flag} is for modules: ${ofModules[given]}`);
    }
    const { runFile } = require("./running/run-apps.js") as typeof import("./running/run-apps.js");
    await runFile(first, options);
    return;
  }
  const named = options.app.map(appOf);
  const apps = modules.length > 0 ? [{ appId: options.appId, modules, port: options.daprHttpPort }, ...named] : named;
  if (apps.length === 0) throw new UsageError("name a module, a multi-app file, or an --app id=module");
  if (modules.length === 0 && isGiven("appId"))
    throw new UsageError("--app-id is for modules without an id of their own: that of --app stands before the `=`");
  if (modules.length === 0 && isGiven("daprHttpPort")) {
    if (apps.length === 1) apps[0] = { ...apps[0]!, port: options.daprHttpPort };
    else if (options.daprHttpPort !== 0) throw new UsageError(`--dapr-http-port ${ofOne}`);
  }
  if (apps.length > 1 && options.appPort !== 0) throw new UsageError(`--app-port ${ofOne}`);
  const twice = apps.find(({ appId }, index) => apps.findIndex((other) => other.appId === appId) !== index);
  if (twice !== undefined) throw new UsageError(`two apps have the id "${twice.appId}"; give each its own`);
  if (options.daprUrl !== undefined) {
    if (apps.length > 1 || options.watch === true) throw new UsageError("--dapr-url is for one app, without --watch");
    const { runBeside } = require("./running/run-beside.js") as typeof import("./running/run-beside.js");
    await runBeside(apps[0]!, options, options.daprUrl);
    return;
  }
  const { runModules } = require("./running/run-modules.js") as typeof import("./running/run-modules.js");
  await runModules(apps, options);
}

function appOf(text: string): ModulesOfApp {
  const [appId = "", ...rest] = text.split("=");
  const modules = rest.join("=").split(",");
  if (appId === "" || modules.some((module) => module === "")) {
    throw new UsageError(`--app ${text}: write an app's id and its modules: --app orders=build/orders.js`);
  }
  return { appId, modules, port: 0 };
}
