import type { DaprClient } from "../client/dapr-client.js";
import { HttpDaprClient } from "../client/http-dapr-client.js";
import type { Container } from "../metadata/functions.js";
import type { TriggerBinding } from "../model/bindings.js";
import { DefinitionError } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { Log } from "../model/invocation.js";
import { allMethods } from "../model/paths.js";
import type { Class } from "../model/payload-type.js";
import { describePayloadType, type ValidationOptions } from "../payload/payload-type.js";
import { appRoutes } from "./app-routes.js";
import { Gate } from "./gate.js";
import { AppServer } from "./http-server.js";
import { compileFunction } from "./invoke.js";
import { completeLog } from "./log.js";
import { prepareFunctions } from "./prepare.js";
import { closeOnSignals } from "./process-signals.js";
import { routeOf } from "./routes.js";
import { readSettings, settingSources, type RuntimeSettings } from "./settings.js";
import { checkSidecar } from "./sidecar-check.js";
import { SidecarHost } from "./sidecar-host.js";
import { surviveStrayErrors } from "./stray-errors.js";

/** How an app is served. What is left out comes from the environment, and else has the default given here. */
export interface ServeOptions {
  /** Where to listen; `DAPR_APP_PORT`, then `APP_PORT`, then 3001. 0 is any port that is free. */
  readonly port?: number | undefined;
  /** The address to listen on; `APP_HOST`, then 127.0.0.1, which no other machine can reach. */
  readonly host?: string | undefined;
  /** URL of the sidecar; `DAPR_HTTP_ENDPOINT`, then 127.0.0.1 with `DAPR_HTTP_PORT`, then port 3500. */
  readonly daprUrl?: string | undefined;
  /** Speaks to the sidecar in place of the library's own client, and is not closed with the app. */
  readonly client?: DaprClient | undefined;
  /** Values of `%name%`, before those of the environment and of local.settings.json. */
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined;
  /** Makes the instances of classes; without one they are made with no arguments. */
  readonly container?: Container | undefined;
  /** Where log lines go; the console unless given. Lines for a function that is missing go to `log`, if it has that. */
  readonly log?: Partial<Log> | undefined;
  /** Milliseconds that invocations in flight have to finish once the app is told to stop; 5,000 unless given. */
  readonly shutdownTimeout?: number | undefined;
  /** Milliseconds for one request to the sidecar; `DAPR_API_TIMEOUT_SECONDS`, then 100,000. */
  readonly timeout?: number | undefined;
  /** Bytes of a request's body beyond which it is answered 413; 30,000,000 unless given. */
  readonly maxBodySize?: number | undefined;
  /** How many invocations run at once, the others wait; no limit unless given. */
  readonly maxConcurrency?: number | undefined;
  /** Refuse to start with functions whose payload is not checked. */
  readonly requirePayload?: boolean | undefined;
  /** Closes the app when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
}

/** An app that is being served. */
export interface App {
  /** Where it can be called from this machine. */
  readonly url: string;
  readonly port: number;
  /** Its functions, their settings resolved. */
  readonly functions: readonly FunctionDefinition[];
  /**
   * Stops listening, lets the invocations in flight finish within `shutdownTimeout`, and closes the connections.
   * Resolves when that is done, however often it is called.
   */
  close(): Promise<void>;
}

/**
 * Serves functions to the Dapr sidecar beside the process and to HTTP callers. Resolves once it listens; whether the
 * sidecar is there, and has what the functions name, is looked at in the background and only warned about.
 *
 * SIGTERM and SIGINT close the app.
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
  options.signal?.throwIfAborted();
  const log = completeLog(options.log);
  const { settings, problems } = readSettings(options);
  const bound = await prepareFunctions(
    functions,
    {
      settings: settingSources(options.settings),
      container: options.container,
      requirePayload: options.requirePayload,
      log,
    },
    problems,
  );

  const ownClient = options.client === undefined ? clientFor(settings) : undefined;
  const client = options.client ?? ownClient!;
  const stopping = new AbortController();
  const host = new SidecarHost(client);
  const compiled = bound.map((fn) => compileFunction(fn, host, { validation: options.validation }));
  const definitions = compiled.map(({ definition }) => definition);
  const gate = options.maxConcurrency === undefined ? undefined : new Gate(options.maxConcurrency);
  const server: AppServer = new AppServer({
    routes: appRoutes(compiled, { log, signal: stopping.signal, gate }, () => server.isClosing),
    maxBodySize: options.maxBodySize ?? 30_000_000,
    appTokens: settings.appTokens,
    log,
  });
  const port = await listen(server, settings);
  const app = { url: urlOf(settings.host, port), port, functions: definitions };
  for (const definition of definitions) log.info(describeStart(definition));

  const checking = new AbortController();
  const ends = [surviveStrayErrors(log)];
  const shutDown = async (): Promise<void> => {
    checking.abort();
    await server.close(options.shutdownTimeout ?? 5000, () => stopping.abort(new Error("the app has stopped")));
    await ownClient?.close();
    for (const end of ends) end();
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= shutDown());
  ends.push(closeOnSignals(close), onAbort(options.signal, close));
  if (settings.checksSidecar) {
    void checkSidecar({ client, definitions, port, host: settings.host, log, signal: checking.signal });
  }
  return { ...app, close };
}

function clientFor({ daprUrl, timeout }: RuntimeSettings): HttpDaprClient {
  return new HttpDaprClient({ url: daprUrl, timeout });
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

/** Says `CreateNewOrder: service invocation, POST /CreateNewOrder, checked as Order`. */
function describeStart(definition: FunctionDefinition): string {
  const { name, trigger, payloadType } = definition;
  const { methods, path } = routeOf(definition)!;
  const verbs = methods.length === allMethods.length ? "any verb" : methods.join(" ");
  const checked = payloadType === undefined ? "unchecked" : `checked as ${describePayloadType(payloadType)}`;
  return `${name}: ${describeTrigger(trigger)}, ${verbs} ${path}, ${checked}`;
}

function describeTrigger(trigger: TriggerBinding): string {
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return "service invocation";
    case "daprTopicTrigger":
      return "topic";
    case "daprBindingTrigger":
      return "input binding";
    default:
      return "HTTP";
  }
}

/** @returns ends the listening */
function onAbort(signal: AbortSignal | undefined, close: () => Promise<void>): () => void {
  const listener = () => void close();
  signal?.addEventListener("abort", listener, { once: true });
  if (signal?.aborted === true) listener();
  return () => signal?.removeEventListener("abort", listener);
}
