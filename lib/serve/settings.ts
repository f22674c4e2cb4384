import { readFileSync } from "node:fs";
import { parseAddress } from "../model/sidecar-address.js";
import { settingProblem } from "../model/problem.js";
import { sidecarMaxRequestSize, sidecarTimeout, sidecarToken, sidecarUrl } from "../client/address.js";
import { DefinitionError, type Problem } from "../model/errors.js";
import { settingsFrom, type Settings } from "../expressions/settings.js";
import { defaultRoutePrefix } from "../model/paths.js";
import { parseRouteTemplate } from "../model/route-template.js";
import { readJsonWithComments } from "../model/jsonc.js";
import { numberProblem, type NumberRange } from "../model/numbers.js";
import { validationProblems, type ValidationOptions } from "../payload/check.js";

/** What `serve` reads from its options and, where they leave it open, from the environment. */
export interface RuntimeSettings {
  /** The port to listen on; 0 is any that is free. */
  readonly port: number;
  readonly host: string;
  /** The sidecar's address, a path prefix included. */
  readonly daprUrl: string;
  /** Milliseconds for one request to the sidecar. */
  readonly timeout: number;
  /** What the app proves itself with to the sidecar; empty for none. */
  readonly apiToken: string;
  /** Bytes of a request that the sidecar takes. */
  readonly maxRequestSize: number;
  /** What the sidecar proves itself with: any of these. */
  readonly appTokens: readonly string[];
  readonly checksSidecar: boolean;
  /** What stands before the routes of HTTP functions, without slashes around it; may be empty. */
  readonly routePrefix: string;
}

export interface RuntimeOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly daprUrl?: string | undefined;
  readonly timeout?: number | undefined;
  readonly shutdownTimeout?: number | undefined;
  readonly maxBodySize?: number | undefined;
  readonly maxRequestSize?: number | undefined;
  readonly flush?: string | undefined;
  readonly maxConcurrency?: number | undefined;
  readonly maxQueue?: number | undefined;
  readonly invocationTimeout?: number | undefined;
  readonly routePrefix?: string | undefined;
  readonly validation?: ValidationOptions | undefined;
  readonly record?: string | { readonly maxSize?: number | undefined } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options first, then variables. A variable that an option stands for is not looked at.
 *
 * @returns also what is wrong, one problem for each option or variable
 * @see https://docs.dapr.io/reference/environment/
 */
export function readSettings(
  options: RuntimeOptions,
  environment: Environment = process.env,
): { readonly settings: RuntimeSettings; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      problems.push(...error.problems);
      return otherwise;
    }
  };
  const settings: RuntimeSettings = {
    port: attempt(() => portOf(options, environment), 0),
    host: attempt(() => hostOf(options, environment), ""),
    daprUrl: attempt(() => addressOf(options.daprUrl) ?? sidecarUrl(environment), ""),
    timeout: attempt(() => options.timeout ?? sidecarTimeout(environment), 0),
    apiToken: attempt(() => sidecarToken(environment), ""),
    maxRequestSize: attempt(() => options.maxRequestSize ?? sidecarMaxRequestSize(environment), 0),
    appTokens: attempt(() => appTokensOf(environment), []),
    routePrefix: attempt(() => routePrefixOf(options.routePrefix), defaultRoutePrefix),
    checksSidecar: !/^(true|1)$/i.test(environment["DAPR_DISABLE_SIDECAR_METADATA_CHECK"] ?? ""),
  };
  return { settings, problems: [...problems, ...numberProblems(options), ...flushProblems(options)] };
}

/** The numbers that options take. */
const ranges = {
  timeout: { least: 1 },
  shutdownTimeout: { least: 0 },
  maxBodySize: { least: 0 },
  maxRequestSize: { least: 1024 },
  maxConcurrency: { least: 1, whole: true },
  maxQueue: { least: 0, whole: true },
  invocationTimeout: { least: 1 },
} as const satisfies Partial<Record<keyof RuntimeOptions, NumberRange>>;

function numberProblems(options: RuntimeOptions): Problem[] {
  const problems = Object.entries(ranges).flatMap(([name, range]) =>
    numberProblem(name, options[name as keyof typeof ranges], range),
  );
  const { record } = options;
  const maxSize = typeof record === "object" ? record.maxSize : undefined;
  return [
    ...problems,
    ...numberProblem("record.maxSize", maxSize, { least: 0 }),
    ...validationProblems(options.validation),
  ];
}

function flushProblems({ flush }: RuntimeOptions): Problem[] {
  if (flush === undefined || flush === "ordered" || flush === "parallel") return [];
  return [...invalid("flush", `${JSON.stringify(flush)} is not a way to send; give "ordered" or "parallel"`).problems];
}

function portOf({ port }: RuntimeOptions, environment: Environment): number {
  if (port !== undefined) {
    if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
    throw invalid("port", `${port} is not a port; give a number from 0 to 65535`);
  }
  const name = environment["DAPR_APP_PORT"] ? "DAPR_APP_PORT" : "APP_PORT";
  const text = environment[name];
  if (text === undefined || text === "") return 3001;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw invalid(name, `${JSON.stringify(text)} is not a port; give a number from 0 to 65535`);
}

/** Node takes an empty host for every address of the machine, which nobody asks for by leaving it blank. */
function hostOf({ host }: RuntimeOptions, environment: Environment): string {
  if (host === undefined) return environment["APP_HOST"] || "127.0.0.1";
  if (typeof host === "string" && host.trim() !== "") return host;
  throw invalid("host", `${JSON.stringify(host)} is not an address; give one like 127.0.0.1, or 0.0.0.0 for all`);
}

/** A variable that holds only commas or space was meant to protect the app: it must not leave it open. */
function appTokensOf(environment: Environment): string[] {
  const text = environment["APP_API_TOKEN"] ?? "";
  const tokens = text.split(",").map((token) => token.trim());
  const given = tokens.filter((token) => token !== "");
  if (text === "" || given.length > 0) return given;
  throw invalid("APP_API_TOKEN", "it holds no token; give one, or leave the variable out");
}

/**
 * The option, else what host.json says, else `api`.
 *
 * @throws DefinitionError `setting-invalid`, also when host.json cannot be read
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
 */
export function routePrefixOf(option?: string, file = "host.json"): string {
  const given = option ?? hostRoutePrefix(file);
  if (given === undefined) return defaultRoutePrefix;
  const name = option === undefined ? `${file}, extensions.http.routePrefix` : "routePrefix";
  if (typeof given !== "string") throw invalid(name, `${JSON.stringify(given)} is not text; give text like "api"`);
  const prefix = given.replace(/^\//, "").replace(/\/$/, "");
  const parsed = parseRouteTemplate(prefix);
  if ("fault" in parsed) throw invalid(name, `in "${given}" ${parsed.fault}`);
  if (!/[{}]/.test(prefix)) return prefix;
  throw invalid(name, `"${given}" has a brace, and a prefix takes nothing of a path; write it out`);
}

function hostRoutePrefix(file: string): unknown {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const { value, fault } = readJsonWithComments(text);
  if (fault !== undefined) throw invalid(file, `it is not JSON, at character ${fault}; correct it`);
  return (value as { extensions?: { http?: { routePrefix?: unknown } } } | null)?.extensions?.http?.routePrefix;
}

function addressOf(daprUrl: string | undefined): string | undefined {
  if (daprUrl === undefined) return undefined;
  const address = parseAddress(daprUrl);
  if (typeof address === "string") throw invalid("daprUrl", `it ${address}`);
  return address.origin + address.prefix;
}

/**
 * Where `%name%` finds its value: the settings given, else the environment, else `Values` of local.settings.json in the
 * working directory, which is read when a name is found nowhere before. A blank value counts as none.
 *
 * @throws DefinitionError `setting-invalid` (from `get`) when that file cannot be read
 */
export function settingSources(
  given: Readonly<Record<string, string | undefined>> = {},
  environment: Environment = process.env,
  file = "local.settings.json",
): Settings {
  const first = [settingsFrom(given), settingsFrom(environment)];
  let local: Settings | undefined;
  return {
    get(name) {
      let blank: string | undefined;
      for (const source of first) {
        const value = source.get(name);
        if (value !== undefined && value.trim() !== "") return value;
        blank ??= value;
      }
      local ??= settingsFrom(readLocalSettings(file));
      return local.get(name) ?? blank;
    },
  };
}

/** @see https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file */
function readLocalSettings(file: string): Record<string, string> {
  const text = readIfThere(file);
  if (text === undefined) return {};
  const { value, fault } = readJsonWithComments(text);
  if (fault !== undefined) throw invalid(file, `it is not JSON, at character ${fault}; correct it`);
  const { IsEncrypted, Values } = (value ?? {}) as { IsEncrypted?: unknown; Values?: unknown };
  if (IsEncrypted === true) throw invalid(file, 'its values are encrypted; run "func settings decrypt"');
  const entries = Object.entries((Values ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.filter((entry) => entry[1] !== null).map(([name, value]) => [name, String(value)]));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalid(file, `it cannot be read (${(error as Error).message}); make it readable or remove it`);
  }
}

function invalid(member: string, what: string): DefinitionError {
  return new DefinitionError([settingProblem(member, what)]);
}
