import type { Class } from "../model/payload-type.js";
import type { App, ServeOptions } from "./app.js";

/**
 * Serves functions to the Dapr sidecar beside the process and to HTTP callers. Resolves once it listens; whether the
 * sidecar is there, and has what the functions name, is looked at in the background and only warned about.
 *
 * SIGTERM and SIGINT close the app. While it serves, the rejection of a promise that a function forgot to await is
 * logged rather than the end of the process.
 *
 * @param functions classes, which are made without arguments, and instances of others
 * @throws DefinitionError with everything that is wrong with functions, settings and options; `address-in-use` when the
 *   port is taken
 * @see https://docs.dapr.io/reference/environment/
 * @example
 * const app = await serve([OrderFunctions]);
 * console.log(`orders at ${app.url}`);
 */
export async function serve(functions: readonly (Class | object)[], options: ServeOptions = {}): Promise<App> {
  // Loaded here, since it is half of the library, with Node's http and crypto: a program that only uses the decorators
  // does not need it.
  const { startServer } = require("./start-server.js") as typeof import("./start-server.js");
  return await startServer(functions, options);
}
