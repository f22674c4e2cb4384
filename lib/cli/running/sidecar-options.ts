import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inspectorPath } from "../../inspector/inspector.js";
import { UsageError } from "../usage-error.js";

/** The app id of a folder: the name in its package.json, without a scope, else the folder's own. */
export function appIdOf(folder: string): string {
  const given = nameIn(join(folder, "package.json"));
  const name = typeof given === "string" && given !== "" ? given : basename(folder);
  return name.replace(/^@[^/]*\//, "");
}

/** A default only: a package.json that cannot be read is for others to report. */
function nameIn(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown } | null)?.name;
  } catch {
    return undefined;
  }
}

/**
 * A port as the command line gives it.
 *
 * @throws InvalidArgumentError of commander
 */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  const { InvalidArgumentError } = require("commander") as typeof import("commander");
  throw new InvalidArgumentError("a port is a number from 0 to 65535.");
}

/** The tokens that an app and its sidecar share through the environment, as under Dapr. */
export function tokens(environment: NodeJS.ProcessEnv): { apiToken?: string; appToken?: string } {
  const { DAPR_API_TOKEN: apiToken, APP_API_TOKEN: appTokens } = environment;
  const [appToken] = appTokens?.split(",") ?? [];
  return { ...(apiToken && { apiToken }), ...(appToken && { appToken: appToken.trim() }) };
}

/**
 * What was started on a port that an option of the command line gave: where the port is taken, the error names the option.
 *
 * @throws UsageError
 */
export async function naming<T>(option: string, port: number, starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== "address-in-use" && code !== "EADDRINUSE") throw error;
    const text = `port ${port} is taken by another process; stop that, or give another with ${option} (0 is any free one)`;
    throw new UsageError(text, { cause: error });
  }
}

/** Where the page of a sidecar is, with the token behind the `#`, which is sent to nobody. */
export function inspectorUrl(sidecar: string): string {
  const { apiToken } = tokens(process.env);
  const token = apiToken === undefined ? "" : `#token=${encodeURIComponent(apiToken)}`;
  return `${sidecar}${inspectorPath}/${token}`;
}
