import type { Class } from "../model/payload-type.js";
import type { HandlerOptions, RequestHandler } from "./app.js";

/**
 * The functions of an app for a server of the program's own: a function for node:http, Express, Connect, NestJS and
 * Fastify, with a `fetch` for hosts that speak the web's `Request` and `Response`.
 *
 * A request whose path is none of the functions' goes to `next`, or is answered 404. `/dapr/subscribe` and `/healthz` are
 * answered too. Mount it before body parsers, at the root, where Dapr looks for the app. The program ends it: on its own
 * signals it calls `close`, then closes its server.
 *
 * @throws DefinitionError as {@link serve} does
 * @example
 * const handler = await createHandler([OrderFunctions]);
 * const app = express().use(handler).get("/", (_, response) => void response.send("mine"));
 * app.listen(3001);
 */
export async function createHandler(
  functions: readonly (Class | object)[],
  options: HandlerOptions = {},
): Promise<RequestHandler> {
  // Loaded here, as in serve: a program that only uses the decorators then loads half of the library.
  const { closeOnSignals } = require("./signals.js") as typeof import("./signals.js");
  const { startApp } = require("./start-app.js") as typeof import("./start-app.js");
  const app = await startApp(functions, options, {
    open: async (handler) => ({ address: undefined, close: (closing) => handler.close(closing) }),
    // The process is the program's unless it says otherwise.
    closeWhenTold: (close, patience) =>
      options.exitOnSignal === true ? closeOnSignals({ close, patience, exits: true }) : () => {},
  });
  const { handler } = app;
  const handle = (...[request, response, next]: Parameters<RequestHandler>): void =>
    handler.accept(request, response, next, true);
  const { functions: definitions, close } = app;
  return Object.assign(handle, {
    fetch: (request: Request) => handler.fetch(request),
    functions: definitions,
    close,
  });
}
