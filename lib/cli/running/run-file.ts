import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ManifestObject, readResourceText } from "../../sidecar/components/manifests.js";
import { shown } from "../modules/load-failure.js";
import { UsageError } from "../usage-error.js";

/** One application of a multi-app run file. */
export interface RunFileApp {
  readonly appId: string;
  /** Absolute: the working directory of its command. */
  readonly folder: string;
  readonly command: readonly [string, ...string[]];
  /** Absolute; undefined where none are named, and none are where Dapr's own command looks. */
  readonly resources: readonly string[] | undefined;
  /** Undefined where the application does not listen. */
  readonly appPort: number | undefined;
  readonly daprHttpPort: number | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export interface RunFile {
  readonly apps: readonly RunFileApp[];
  /** A line for each thing that the file asks for and that is not done. */
  readonly notes: readonly string[];
}

/** Members that change nothing here: what they set, the embedded sidecar does not have, or does not need. */
const ignored = [
  "appHealthCheckPath",
  "appHealthProbeInterval",
  "appHealthProbeTimeout",
  "appHealthThreshold",
  "appLogDestination",
  "appMaxConcurrency",
  "daprdLogDestination",
  "daprGRPCPort",
  "daprInternalGRPCPort",
  "daprPath",
  "daprdPath",
  "disableAppUrls",
  "enableApiLogging",
  "enableAppHealthCheck",
  "enableProfiling",
  "logAsJson",
  "logLevel",
  "metricsPort",
  "profilePort",
  "placementHostAddress",
  "runtimePath",
  "schedulerHostAddress",
  "unixDomainSocket",
  "daprHTTPMaxRequestSize",
  "daprMaxRequestSize",
  "daprHTTPReadBufferSize",
  "daprReadBufferSize",
  "daprListenAddresses",
];
const read = [
  "appDirPath",
  "appID",
  "appPort",
  "appProtocol",
  "command",
  "configFilePath",
  "daprHTTPPort",
  "env",
  "resourcesPath",
  "resourcesPaths",
];

/**
 * Reads Dapr's multi-app run file.
 *
 * @throws UsageError naming the file and what is wrong with it
 * @see https://docs.dapr.io/developing-applications/local-development/multi-app-dapr-run/multi-app-template/
 */
export function readRunFile(path: string): RunFile {
  return readDocument(path, (document, base) => {
    const common = document.object("common") ?? new ManifestObject({}, "common");
    const notes: string[] = [];
    const apps = applicationsOf(document).map((app, index) => toApp(app, `apps[${index}]`, common, base, notes));
    const twice = apps.find(({ appId }, index) => apps.findIndex((other) => other.appId === appId) !== index);
    if (twice) throw new Error(`two applications have the appID "${twice.appId}"; give each its own`);
    return { apps, notes: [...new Set(notes)].map((note) => `${shown(resolve(path))}: ${note}`) };
  });
}

/** The ids of the applications of such a file, which need not be there. Errors are those of `readRunFile`. */
export function readAppIds(path: string): readonly string[] {
  return readDocument(path, (document, base) =>
    applicationsOf(document).map((app, index) => appIdOf(app, `apps[${index}]`, base)),
  );
}

function readDocument<T>(path: string, read: (document: ManifestObject, base: string) => T): T {
  const file = resolve(path);
  try {
    const { parse } = require("yaml") as typeof import("yaml");
    const value = JSON.parse(JSON.stringify(parse(readResourceText(file)) ?? null)) as unknown;
    return read(new ManifestObject(value, ""), dirname(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { message, syscall } = error as NodeJS.ErrnoException;
    const what = syscall === undefined ? message : `it cannot be read (${message})`;
    throw new UsageError(`${shown(file)}: ${what}`, { cause: error });
  }
}

function applicationsOf(document: ManifestObject): readonly ManifestObject[] {
  const apps = document.objects("apps");
  if (apps.length === 0) throw new Error("it names no applications; give it a list `apps`");
  return apps;
}

/** As Dapr's own command: the name of the folder where none is given. */
function appIdOf(app: ManifestObject, place: string, base: string): string {
  const appId = app.text("appID");
  if (appId !== undefined) return appId;
  const appDirPath = app.text("appDirPath");
  if (appDirPath === undefined) throw new Error(`${place} has neither appID nor appDirPath; give it one`);
  return basename(resolve(base, appDirPath));
}

function toApp(app: ManifestObject, place: string, common: ManifestObject, base: string, notes: string[]): RunFileApp {
  const appDirPath = app.text("appDirPath");
  if (appDirPath === undefined) throw new Error(`${place} has no appDirPath; name the folder of the application`);
  const folder = resolve(base, appDirPath);
  if (!existsSync(folder)) throw new Error(`${place}.appDirPath ${appDirPath} is not there`);
  const appId = appIdOf(app, place, base);
  const [program, ...args] = commandOf(app);
  if (program === undefined) throw new Error(`${place} has no command; write what starts the application`);
  const protocol = app.text("appProtocol") ?? common.text("appProtocol") ?? "http";
  if (protocol !== "http")
    throw new Error(`${place}.appProtocol is ${protocol}; the embedded sidecar speaks http only`);
  if ((app.text("configFilePath") ?? common.text("configFilePath")) !== undefined) {
    notes.push("configFilePath is not applied here; daprd applies it");
  }
  for (const name of [...app.names, ...common.names]) {
    if (!read.includes(name) && !ignored.includes(name))
      notes.push(`"${name}" is not known here, so it is passed over`);
  }
  return {
    appId,
    folder,
    command: [program, ...args],
    resources: resourcesOf(app, common, base, folder),
    appPort: portIn(app, "appPort", place),
    daprHttpPort: portIn(app, "daprHTTPPort", place),
    env: { ...common.textMap("env"), ...app.textMap("env") },
  };
}

function commandOf(app: ManifestObject): readonly string[] {
  const command = app.value("command");
  return typeof command === "string"
    ? command.split(/\s+/).filter((part) => part !== "")
    : (app.texts("command") ?? []);
}

/** Those of the application, else the common ones, else what Dapr's own command looks for in the folder. */
function resourcesOf(
  app: ManifestObject,
  common: ManifestObject,
  base: string,
  folder: string,
): readonly string[] | undefined {
  for (const object of [app, common]) {
    const single = object.text("resourcesPath");
    const paths = object.texts("resourcesPaths") ?? (single === undefined ? undefined : [single]);
    if (paths !== undefined) return paths.map((path) => resolve(base, path));
  }
  const usual = [join(folder, ".dapr", "resources"), join(homedir(), ".dapr", "components")].find((path) =>
    existsSync(path),
  );
  return usual === undefined ? undefined : [usual];
}

function portIn(app: ManifestObject, name: string, place: string): number | undefined {
  const port = app.whole(name);
  if (port === undefined || (port >= 0 && port <= 65_535)) return port;
  throw new Error(`${place}.${name} is ${port}; a port is a number from 0 to 65535`);
}
