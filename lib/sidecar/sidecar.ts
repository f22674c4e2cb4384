import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Agent } from "undici";
import { within } from "../model/duration.js";
import { DefinitionError } from "../model/errors.js";
import { visible } from "../model/visible.js";
import type { Inspector } from "../inspector/inspector.js";
import { Backing } from "./backing.js";
import { AppChannel } from "./app/app-channel.js";
import { AppConnection } from "./app/app-connection.js";
import { RuleEvaluator } from "./app/rules.js";
import { Resiliency } from "./resiliency/resiliency.js";
import { bindingRoutes } from "./api/bindings.js";
import { openComponents } from "./components/component-types.js";
import type { Component } from "./components/components.js";
import { componentProblem, kindOf } from "./components/manifests.js";
import { loadResources, type Resources } from "./components/resources.js";
import { invokeMethod } from "./api/invocation.js";
import { missingApi } from "./api/missing-apis.js";
import { metadataRoutes } from "./api/metadata.js";
import { pubsubRoutes } from "./api/pubsub.js";
import { secretRoutes } from "./api/secrets.js";
import { createApiServer, type ReceivedRequest } from "./api/server.js";
import { stateRoutes } from "./api/state.js";
import { refuseUnsupportedRuntime } from "./runtime.js";

/** Where the sidecar's own lines go; `console` is one. */
export type SidecarLog = Pick<Console, "info" | "warn">;

/** What {@link startSidecar} takes; what is left out comes from Dapr's variables. */
export interface SidecarOptions {
  /** The app's id: the name under which it is invoked, and that component scopes refer to. */
  readonly appId: string;
  /** A folder of Dapr resource files, one file, the components themselves, or several of these. */
  readonly components: string | readonly (Component | string)[];
  /** Port on which the app listens on this machine; without it, {@link Sidecar.connect} tells. */
  readonly appPort?: number | undefined;
  /** Port of the sidecar's API; any free one unless given. */
  readonly port?: number | undefined;
  /** What callers must send as `dapr-api-token`; nothing unless given. */
  readonly apiToken?: string | undefined;
  /** Sent to the app as `dapr-api-token`. */
  readonly appToken?: string | undefined;
  /** A JSON file in which the state of `state.in-memory` is kept from one run to the next; nowhere unless given. */
  readonly stateFile?: string | undefined;
  /**
   * True: a state store or broker of a type that is not in the table (`state.redis`, `pubsub.kafka`) is kept in memory, and
   * a component of another such type is left out, each with a line. False, unless given: they stop the start.
   */
  readonly standIns?: boolean | undefined;
  /** `console` unless given. */
  readonly log?: SidecarLog | undefined;
  /** @internal Its page is served by the sidecar. */
  readonly inspector?: Inspector | undefined;
}

/** A sidecar that runs, and what it received. */
export interface Sidecar {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The port of its API. */
  readonly port: number;
  /**
   * The requests that its API received, in order: the latest 10,000, and no more than about 64 MiB of bodies; older
   * ones are forgotten.
   */
  readonly requests: readonly ReceivedRequest[];
  /** Resolves once the app was asked for its subscriptions and bindings; also when the sidecar is closed before. */
  readonly ready: Promise<void>;
  /**
   * Names the app, or another instance of it, waits until it listens, and asks it for its subscriptions and bindings.
   * Rejects with an Error when its answer is not understood. A later call, `disconnect` or `close` takes the place of
   * one that waits, which then resolves.
   */
  connect(app: { readonly port: number }): Promise<void>;
  /**
   * Begins no more deliveries; resolves when those under way have ended, which may take up to 10 s. The API stays open, for
   * what functions still send.
   */
  disconnect(): Promise<void>;
  /** Ends timers, deliveries and the API. What is under way may take up to 5 s to end. */
  close(): Promise<void>;
}

export const notice =
  "This is the embedded sidecar of dapr-functions, for development and tests on one machine. It is not Dapr (daprd).";
const maxRequests = 10_000;
const maxRequestBytes = 64 * 1024 * 1024;
const closeTimeout = 5_000;

/**
 * Starts a small sidecar in this process that speaks Dapr's HTTP API as daprd 1.18 does, on the loopback interface. For
 * development and tests: its state and its events live in memory, and only the component types of its table exist. The
 * first line it logs says so.
 *
 * @example
 * const sidecar = await startSidecar({ appId: "orders", components: "components" });
 * const app = await serve([new OrderFunctions()], { daprUrl: sidecar.url });
 * await sidecar.connect(app);
 *
 * @throws DefinitionError `component-invalid` for components that cannot be used, `address-in-use` for a taken port.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  refuseUnsupportedRuntime();
  const { log = console, stateFile, inspector } = options;
  log.info(notice);
  const backing = new Backing(stateFile, inspector, log);
  const sidecar = await openSidecar(options, backing);
  return { ...sidecar, close: () => sidecar.close().finally(() => backing.close()) };
}

/** A sidecar over a backing that others may share. Whoever gave the backing closes it. */
export async function openSidecar(options: Omit<SidecarOptions, "stateFile">, backing: Backing): Promise<Sidecar> {
  const { appId, apiToken, appToken } = options;
  if (typeof appId !== "string" || appId === "")
    throw missing(`the sidecar has no appId; give the app's id: startSidecar({ appId: "orders", … })`);
  const log = visibleLog(options.log ?? console);
  const outgoing = lazyAgent();
  const resources = resourcesOf(options.components);
  const open = openComponents(resources.components, {
    appId,
    dispatcher: outgoing.get,
    backing,
    standIns: options.standIns === true ? (note) => log.info(note) : undefined,
  });
  for (const note of resources.notes) log.warn(note);
  const isSeen = ({ scopes }: { readonly scopes: readonly string[] | undefined }) =>
    !scopes?.length || scopes.includes(appId);
  const warnOnce = once((text) => log.warn(text));
  const rules = new RuleEvaluator();
  const closed = new AbortController();
  const resiliency = new Resiliency(resources.resiliency.filter(isSeen), {
    closing: closed.signal,
    trips: (expression, counts) => rules.holds(expression, { ...counts }),
    log: (message) => log.info(message),
  });
  const pubsubs = new Map([...open.pubsubs].map(([name, scopes]) => [name, { bus: backing.bus(name), scopes }]));
  const app = new AppChannel(appId, appToken || undefined, backing.inspector);
  const connection = new AppConnection(
    app,
    pubsubs,
    open.inputs,
    resources.subscriptions.filter(isSeen),
    rules,
    resiliency,
    (message) => log.warn(message),
  );
  const requests = new RecordedRequests();
  const invocations = new Set<Promise<unknown>>();
  const { server, stop } = createApiServer({
    routes: [
      ...metadataRoutes(
        () => ({
          appId,
          components: open.registered,
          subscriptions: connection.subscriptions,
          appPort: app.port,
          ready: connection.isReady,
        }),
        () => void close(),
      ),
      ...stateRoutes(open.states),
      ...pubsubRoutes(pubsubs, appId),
      ...bindingRoutes(open.outputs, resiliency),
      ...secretRoutes(open.secrets),
    ],
    fallback: async (request) => {
      const absent = missingApi(request);
      if (absent === undefined) {
        const options = { appId, apps: backing.apps, dispatcher: outgoing.get, resiliency };
        const invoking = invokeMethod(request, options).finally(() => invocations.delete(invoking));
        invocations.add(invoking);
        return invoking;
      }
      warnOnce(absent.message);
      throw absent;
    },
    apiToken: apiToken || undefined,
    record: (request) => requests.add(request),
    inspector: backing.inspector,
    onRefused: (reason) => warnOnce(`a request was refused: ${reason}`),
  });
  const port = await listen(server, options.port ?? 0);
  backing.apps.set(appId, app);
  backing.inspector?.add({
    appId,
    url: `http://127.0.0.1:${port}`,
    apiToken: apiToken || undefined,
    listsKeys: true,
    appPort: () => app.port,
    stores: open.states,
    pubsubs: [...open.pubsubs.keys()],
    subscriptions: () => connection.subscriptions,
    outputs: [...open.outputs].map(([name, { operations }]) => ({ name, operations })),
    inputs: [...open.inputs.keys()],
    fire: (binding) => connection.fire(binding),
    secrets: [...open.secrets].map(([name, store]) => ({ name, keys: Object.keys(store.all()) })),
  });

  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      closed.abort();
      // What is under way first: its functions still call the API.
      backing.inspector?.close();
      const ended = connection.close().then(() => untilEmpty(invocations));
      const stopped = ended.then(() => {
        // A page that was cut off may have come back.
        backing.inspector?.close();
        return stop();
      });
      await within(closeTimeout, stopped);
      server.close().closeAllConnections();
      await Promise.all([app.close(), outgoing.close(), rules.close()]);
      // Nobody else need be there to close it: `POST /v1.0/shutdown` has ended the process, if nothing else keeps it alive.
      backing.save();
    })());
  if (options.appPort !== undefined) {
    // Whoever waits for `ready` or `connect` gets the error as well.
    connection.open(options.appPort).catch((error: Error) => log.warn(error.message));
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: requests.list,
    ready: connection.ready,
    connect: (target) => connection.open(target.port),
    disconnect: () => connection.pause(),
    close,
  };
}

/** What JavaScript may leave out. */
export function missing(message: string): DefinitionError {
  const place = { class: undefined, method: undefined };
  return new DefinitionError([{ code: "option-missing", level: "error", ...place, message }]);
}

/** @throws DefinitionError for what JavaScript may have given, or left out */
function resourcesOf(given: SidecarOptions["components"]): Resources {
  const sources = typeof given === "string" ? [given] : given;
  const isList = Array.isArray(sources);
  const wrong: unknown[] = isList ? sources.filter((source) => !isSource(source)) : [sources];
  if (wrong.length > 0) {
    const what = `components ${isList ? "has" : "is"} ${kindOf(wrong[0])}`;
    const advice = "give a folder of component files, a file, or a list of these and of { name, type }; [] for none";
    throw new DefinitionError([componentProblem(`${what}; ${advice}`)]);
  }
  const folders = [...new Set(sources.filter((source) => typeof source === "string"))].map(loadResources);
  return {
    components: [...folders.flatMap(({ components }) => components), ...sources.filter(isComponent)],
    subscriptions: folders.flatMap(({ subscriptions }) => subscriptions),
    resiliency: folders.flatMap(({ resiliency }) => resiliency),
    notes: folders.flatMap(({ notes }) => notes),
  };
}

function isSource(source: unknown): boolean {
  if (typeof source !== "object" || source === null) return typeof source === "string";
  const { name, type } = source as Readonly<Record<string, unknown>>;
  return typeof name === "string" && typeof type === "string";
}

function isComponent(source: Component | string): source is Component {
  return typeof source !== "string";
}

/** Names of hosts, topics and paths are the callers' to choose: none of them looks like a line of its own. */
function visibleLog(log: SidecarLog): SidecarLog {
  return { info: (line) => log.info(visible(line)), warn: (line) => log.warn(visible(line)) };
}

/** Says each text once: a page repeats its requests. */
function once(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text) || said.size > 100) return;
    said.add(text);
    say(text);
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    const message = `port ${port} of the sidecar is in use; choose another, or leave it out for any free one`;
    const place = { class: undefined, method: undefined };
    throw new DefinitionError([{ code: "address-in-use", level: "error", ...place, message }], { cause: error });
  });
  return (server.address() as AddressInfo).port;
}

async function untilEmpty(underWay: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (underWay.size > 0) await Promise.allSettled(underWay);
}

/** For requests that go elsewhere than to the app. Made at the first of them. */
function lazyAgent(): { readonly get: () => Agent; readonly close: () => Promise<void> } {
  let agent: Agent | undefined;
  return {
    get() {
      const { Agent } = require("undici") as typeof import("undici");
      return (agent ??= new Agent());
    },
    close: async () => agent?.destroy(),
  };
}

class RecordedRequests {
  readonly list: ReceivedRequest[] = [];
  #bytes = 0;

  add(request: ReceivedRequest): void {
    this.list.push(request);
    this.#bytes += request.body.length;
    while (this.list.length > maxRequests || (this.#bytes > maxRequestBytes && this.list.length > 1)) {
      this.#bytes -= this.list.shift()!.body.length;
    }
  }
}
