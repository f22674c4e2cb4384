import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Document } from "yaml";
import { linearly, ManifestObject, readResourceText, repeatedKey } from "../../sidecar/components/manifests.js";
import { shown } from "../modules/load-failure.js";
import { UsageError } from "../usage-error.js";

/** One application of a multi-app run file. */
export interface RunFileApp {
  readonly appId: string;
  /** Absolute: the working directory of its command. */
  readonly folder: string;
  /** Undefined for an application that is started elsewhere: it has a sidecar all the same. */
  readonly command: readonly [string, ...string[]] | undefined;
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
  "apiListenAddresses",
  "containerImage",
  "containerImagePullPolicy",
  "createService",
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
  "maxBodySize",
  "metricsPort",
  "profilePort",
  "placementHostAddress",
  "readBufferSize",
  "schedulerHostAddress",
  "unixDomainSocket",
  "daprHTTPMaxRequestSize",
  "daprMaxRequestSize",
  "daprHTTPReadBufferSize",
  "daprReadBufferSize",
  "daprListenAddresses",
];
/** Members of an application alone: Dapr does not read them in `common` either. */
const own = ["appChannelAddress", "appDirPath", "appID", "appPort", "command", "daprHTTPPort"];
const shared = ["appProtocol", "appSSL", "configFilePath", "env", "resourcesPath", "resourcesPaths", "runtimePath"];
const loopback = ["127.0.0.1", "localhost", "::1"];

/**
 * Reads Dapr's multi-app run file as Dapr's own command reads it: paths of `common` from the file's folder, those of an
 * application from its `appDirPath`, `~` as the home folder.
 *
 * @throws UsageError naming the file and what is wrong with it
 * @see https://docs.dapr.io/developing-applications/local-development/multi-app-dapr-run/multi-app-template/
 * @see https://github.com/dapr/cli/blob/master/pkg/runfileconfig/run_file_config_parser.go
 */
export function readRunFile(path: string): RunFile {
  return readDocument(path, (document, base, hasMore) => {
    const common = document.object("common") ?? new ManifestObject({}, "common");
    const notes = hasMore ? ["documents after the first are passed over, as Dapr does"] : [];
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

const more = "MULTIPLE_DOCS";

/** The first document of a file, as Dapr reads it. */
function readDocument<T>(path: string, read: (document: ManifestObject, base: string, hasMore: boolean) => T): T {
  const file = resolve(path);
  try {
    const { LineCounter, parseDocument } = require("yaml") as typeof import("yaml");
    const lineCounter = new LineCounter();
    const document = parseDocument(readResourceText(file), { ...linearly, lineCounter, merge: true });
    const wrong = document.errors.find(({ code }) => code !== more);
    if (wrong !== undefined) throw wrong;
    const repeated = repeatedKey(document);
    if (repeated !== undefined) {
      const { line } = lineCounter.linePos(repeated.range?.[0] ?? 0);
      throw new Error(`line ${line}: ${String(repeated.value)} comes twice; map keys must be unique`);
    }
    keepText(document);
    const value = JSON.parse(JSON.stringify(document.toJS() ?? null)) as unknown;
    return read(
      new ManifestObject(value, ""),
      dirname(file),
      document.errors.some(({ code }) => code === more),
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { message, syscall } = error as NodeJS.ErrnoException;
    const what = syscall === undefined ? message : `it cannot be read (${message})`;
    throw new UsageError(`${shown(file)}: ${what}`, { cause: error });
  }
}

/** Numbers and booleans become the text that they are written as, where Dapr reads text: `1.10` is not `1.1`. */
function keepText(document: Document): void {
  const { isPair, isScalar, visit } = require("yaml") as typeof import("yaml");
  visit(document, {
    Scalar(key, node, path) {
      const pair = path.findLast(isPair);
      const member = isScalar(pair?.key) ? pair.key.value : undefined;
      const isText = !["appPort", "daprHTTPPort", "appSSL"].includes(String(member)) || path.at(-1) !== pair;
      if (key === "key" || !isText || node.source === undefined) return;
      if (["number", "bigint", "boolean"].includes(typeof node.value)) node.value = node.source;
    },
  });
}

function applicationsOf(document: ManifestObject): readonly ManifestObject[] {
  const apps = document.objects("apps");
  if (apps.length === 0) throw new Error("it names no applications; give it a list `apps`");
  return apps;
}

/** As Dapr's own command: the name of the folder where none is given. */
function appIdOf(app: ManifestObject, place: string, base: string): string {
  const appId = textOf(app, "appID");
  if (appId !== undefined) return appId;
  const appDirPath = textOf(app, "appDirPath");
  if (appDirPath === undefined) throw new Error(`${place} has neither appID nor appDirPath; give it one`);
  return basename(fromHome(appDirPath, base));
}

function toApp(app: ManifestObject, place: string, common: ManifestObject, base: string, notes: string[]): RunFileApp {
  const appDirPath = textOf(app, "appDirPath");
  if (appDirPath === undefined) throw new Error(`${place} has no appDirPath; name the folder of the application`);
  const folder = fromHome(appDirPath, base);
  if (!existsSync(folder)) throw new Error(`${place}.appDirPath ${appDirPath} is not there`);
  if (!statSync(folder).isDirectory()) throw new Error(`${place}.appDirPath ${appDirPath} is not a folder`);
  const sharedText = (name: string) => textOf(app, name) ?? textOf(common, name);
  const protocol = sharedText("appProtocol") ?? "http";
  if (protocol !== "http")
    throw new Error(`${place}.appProtocol is ${protocol}; the embedded sidecar speaks http only`);
  if (app.flag("appSSL") === true || common.flag("appSSL") === true)
    throw new Error(`${place}.appSSL is true; the embedded sidecar speaks http only`);
  if (sharedText("configFilePath") !== undefined) notes.push("configFilePath is not applied here; daprd applies it");
  const address = textOf(app, "appChannelAddress");
  if (address !== undefined && !loopback.includes(address))
    notes.push(`appChannelAddress ${address} is not applied here; applications listen at 127.0.0.1`);
  for (const name of common.names.filter((member) => own.includes(member)))
    notes.push(`"${name}" of common is passed over, as Dapr does; give it to each application`);
  for (const name of [...app.names, ...common.names]) {
    if (![...own, ...shared, ...ignored].includes(name))
      notes.push(`"${name}" is not known here, so it is passed over`);
  }
  const [program, ...args] = commandOf(app);
  return {
    appId: appIdOf(app, place, base),
    folder,
    command: program === undefined ? undefined : [program, ...args],
    resources: resourcesOf({ app, place, folder }, { common, base }),
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

/** Those of the application, else those in its folder, else the common ones, else those of the installation of Dapr. */
function resourcesOf(
  { app, place, folder }: { readonly app: ManifestObject; readonly place: string; readonly folder: string },
  { common, base }: { readonly common: ManifestObject; readonly base: string },
): readonly string[] | undefined {
  const own = namedResources(app, place, folder);
  const shared = namedResources(common, "common", base);
  if (own.length > 0) return own;
  const beside = join(folder, ".dapr", "resources");
  if (existsSync(beside)) return [beside];
  if (shared.length > 0) return shared;
  const installed = join(
    installationOf(app, folder) ?? installationOf(common, base) ?? usualInstallation(),
    "components",
  );
  return existsSync(installed) ? [installed] : undefined;
}

function namedResources(object: ManifestObject, place: string, base: string): readonly string[] {
  const named = (object.texts("resourcesPaths") ?? []).map((path, index) => ({ path, at: `resourcesPaths[${index}]` }));
  const single = textOf(object, "resourcesPath");
  if (single !== undefined) named.push({ path: single, at: "resourcesPath" });
  return named
    .filter(({ path }) => path !== "")
    .map(({ path, at }) => {
      const absolute = fromHome(path, base);
      if (existsSync(absolute)) return absolute;
      throw new Error(`${place}.${at} ${path} is not there: ${absolute}; it is looked for from ${base}`);
    });
}

function installationOf(object: ManifestObject, base: string): string | undefined {
  const path = textOf(object, "runtimePath");
  return path === undefined ? undefined : join(fromHome(path, base), ".dapr");
}

function usualInstallation(): string {
  const { DAPR_RUNTIME_PATH: path } = process.env;
  return join(path?.trim() || homedir(), ".dapr");
}

/** Empty text is what Dapr takes for absent. */
function textOf(object: ManifestObject, name: string): string | undefined {
  return object.text(name) || undefined;
}

/** A path in which `~` is the home folder. */
function fromHome(path: string, base: string): string {
  return /^~(?:[\\/]|$)/.test(path) ? join(homedir(), path.slice(1)) : resolve(base, path);
}

/** Undefined for 0 and less, as for Dapr: any free port of the sidecar, and an application that does not listen. */
function portIn(app: ManifestObject, name: string, place: string): number | undefined {
  const port = app.whole(name);
  if (port === undefined || port <= 0) return undefined;
  if (port <= 65_535) return port;
  throw new Error(`${place}.${name} is ${port}; a port is a number from 0 to 65535`);
}
