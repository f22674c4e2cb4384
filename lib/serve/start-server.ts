import { DefinitionError } from "../model/errors.js";
import type { Class } from "../model/payload-type.js";
import { AppServer } from "../server/http-server.js";
import type { App, ServeOptions } from "./app.js";
import type { RuntimeSettings } from "./settings.js";
import { closeOnSignals } from "./signals.js";
import { startApp } from "./start-app.js";

/**
 * What {@link serve} does.
 *
 * @param turned when a sidecar has turned to the app that does so only once the app is served
 */
export async function startServer(
  functions: readonly (Class | object)[],
  options: ServeOptions,
  turned?: Promise<void>,
): Promise<App> {
  const {
    address,
    close,
    functions: definitions,
  } = await startApp(functions, options, {
    async open(handler, settings) {
      const server = new AppServer(handler);
      const port = await listen(server, settings);
      return { address: { host: settings.host, port }, close: (closing) => server.close(closing) };
    },
    closeWhenTold: (close, patience) => closeOnSignals({ close, patience, exits: options.exitOnSignal !== false }),
    turned,
  });
  const { host, port } = address!;
  return { url: urlOf(host, port), port, functions: definitions, close };
}

async function listen(server: AppServer, { port, host }: RuntimeSettings): Promise<number> {
  try {
    return await server.listen(port, host);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isTaken = code === "EADDRINUSE";
    const text = isTaken
      ? `port ${port} of ${host} is taken by another process; stop that, or choose another port with DAPR_APP_PORT or serve({ port })`
      : `the app cannot listen on port ${port} of ${host} (${message}); choose others with serve({ port, host })`;
    const problem = { code: isTaken ? "address-in-use" : "setting-invalid", level: "error" } as const;
    throw new DefinitionError([{ ...problem, class: undefined, method: undefined, message: text }], { cause });
  }
}

/** An address for all of the machine's is called by its own. */
function urlOf(host: string, port: number): string {
  const address = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
