import { HttpDaprClient } from "../client/http/http-dapr-client.js";
import type { TriggerBinding } from "../model/bindings.js";
import { DefinitionError } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { allMethods } from "../model/paths.js";
import type { Class } from "../model/payload-type.js";
import { describePayloadType } from "../payload/payload-type.js";
import { appRoutes } from "../server/app-routes.js";
import { Gate } from "../invocation/gate.js";
import { AppServer } from "../server/http-server.js";
import { compileFunction } from "../invocation/invoke.js";
import { completeLog } from "./log.js";
import { prepareFunctions } from "./prepare.js";
import { closeOnSignals } from "./signals.js";
import { routeOf } from "../server/routes.js";
import { readSettings, settingSources, type RuntimeSettings } from "./settings.js";
import type { App, ServeOptions } from "./app.js";
import { checkSidecar } from "./sidecar-check.js";
import { SidecarHost } from "../sidecar-host/sidecar-host.js";
import { surviveStrayErrors } from "./stray-errors.js";

/** What {@link serve} does. */
export async function startApp(functions: readonly (Class | object)[], options: ServeOptions): Promise<App> {
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
