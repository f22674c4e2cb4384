import { HttpDaprClient } from "../client/http/http-dapr-client.js";
import type { TriggerBinding } from "../model/bindings.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { throwErrors } from "../metadata/functions.js";
import { optionProblems, type OptionKind } from "../model/app-options.js";
import { allMethods } from "../model/paths.js";
import type { Class } from "../model/payload-type.js";
import { describePayloadType } from "../payload/payload-type.js";
import { AppHandler, type Closing } from "../server/app-handler.js";
import { appRoutes, isBelow } from "../server/app-routes.js";
import { warnOfDropped } from "../payload/dropped-properties.js";
import { decisiveError } from "../invocation/failures.js";
import { Gate } from "../invocation/gate.js";
import { attempt, type MaybePromise } from "../model/maybe-promise.js";
import { Readiness } from "./readiness.js";
import { defaultMaxBodySize } from "../invocation/inflate.js";
import { Moment } from "../invocation/moment.js";
import type { InvocationError } from "../model/errors.js";
import { compileFunction } from "../invocation/compile-function.js";
import type { InvocationObserver } from "../invocation/observer.js";
import { allOf } from "../invocation/observers.js";
import type { AppLog } from "../model/invocation.js";
import { completeLog } from "./log.js";
import { prepareFunctions } from "./prepare.js";
import { routeOf, routesOf } from "../server/routes.js";
import { readSettings, settingSources, type RuntimeSettings } from "./settings.js";
import type { RecordOptions } from "../record/recorder.js";
import type { App, HandlerOptions, ServeOptions } from "./app.js";
import { checkSidecar } from "./sidecar-check.js";
import { SidecarHost } from "../sidecar-host/sidecar-host.js";
import { surviveStrayErrors } from "./stray-errors.js";
import { telemetryObserver } from "../telemetry/telemetry.js";

/** Where the requests of an app come from. */
export interface Entrance {
  /** Begins to take requests; the last step of a start that may fail. */
  open(handler: AppHandler, settings: RuntimeSettings): Promise<Opened>;
  /** Closes the app for reasons of its own. Returns what ends that. */
  closeWhenTold?(close: () => Promise<void>, patience: number): () => void;
  /** When the sidecar has turned to the app: before that it says nothing of it. At once unless given. */
  readonly turned?: Promise<void> | undefined;
}

interface Opened {
  /** Undefined for a handler in a server of the program's own. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  close(closing: Closing): Promise<void>;
}

export interface StartedApp extends Pick<App, "functions" | "close"> {
  readonly handler: AppHandler;
  readonly address: Opened["address"];
}

const serveOptions: Readonly<Record<keyof ServeOptions, OptionKind>> = {
  daprUrl: "any",
  client: "members",
  settings: "members",
  container: "container",
  log: "log",
  invocationTimeout: "any",
  maxQueue: "any",
  shutdownTimeout: "any",
  timeout: "any",
  maxBodySize: "any",
  maxRequestSize: "any",
  flush: "any",
  maxConcurrency: "any",
  requirePayload: "any",
  routePrefix: "any",
  around: "function",
  observers: "list",
  health: "any",
  exitOnSignal: "any",
  record: "folder",
  signal: "any",
  validation: "members",
  port: "any",
  host: "any",
};

const recordOptions: Readonly<Record<keyof RecordOptions, OptionKind>> = {
  folder: "any",
  redact: "function",
  maxSize: "any",
  moduleOf: "function",
};

/** What {@link serve} and {@link createHandler} do. */
export async function startApp(
  functions: readonly (Class | object)[],
  options: HandlerOptions,
  entrance: Entrance,
): Promise<StartedApp> {
  options.signal?.throwIfAborted();
  const { record } = options;
  const wrong = [
    ...optionProblems(options, serveOptions),
    ...(typeof record === "object" && record !== null
      ? optionProblems(record, recordOptions, "warning", "record.")
      : []),
  ];
  throwErrors(wrong);
  const log = completeLog(options.log);
  const { settings, problems } = readSettings(options);
  const bound = await prepareFunctions(
    functions,
    {
      settings: settingSources(options.settings),
      container: options.container,
      requirePayload: options.requirePayload,
      routePrefix: settings.routePrefix,
      log,
    },
    [...wrong, ...problems],
  );

  const ownClient = options.client === undefined ? clientFor(settings) : undefined;
  const client = options.client ?? ownClient!;
  let open: Opened | undefined;
  try {
    const stopping = new Moment();
    const givenUp = new Moment();
    const requests = new AbortController();
    const { around, observers = [], flush } = options;
    const validation = { ...options.validation, onDropped: warnOfDropped(log) };
    const host = new SidecarHost(client, validation, settings.maxRequestSize);
    // Outermost, so that the lines and records of the others belong to its span.
    const telemetry = telemetryObserver(settings.routePrefix);
    const recorder = recorderOf(options.record, log);
    const observer = allOf([telemetry, recorder, ...observers].filter((one) => one !== undefined));
    const compiled = bound.map((fn) => compileFunction(fn, host, { validation, around, observer, flush }));
    const definitions = compiled.map(({ definition }) => definition);
    const gate =
      options.maxConcurrency === undefined ? undefined : new Gate("the app", options.maxConcurrency, options.maxQueue);
    const { routePrefix } = settings;
    const health = options.health === false ? undefined : healthOf(options.health, () => handler.isHealthy);
    const readiness = new Readiness(client, definitions, log);
    const { maxQueue, invocationTimeout: timeout } = options;
    const scope = { log, stopping, givenUp, signal: requests.signal, gate, maxQueue, timeout };
    const handler: AppHandler = new AppHandler({
      table: appRoutes(compiled, scope, {
        health: health && { isHealthy: health, isReady: async () => (await health()) && (await readiness.isReady()) },
        routePrefix,
      }),
      routes: routesOf(definitions, routePrefix),
      // With no prefix at all every unknown path would be public.
      isPublic: routePrefix === "" ? () => false : isBelow(routePrefix),
      maxBodySize: options.maxBodySize ?? defaultMaxBodySize,
      appTokens: settings.appTokens,
      log,
    });
    const opened = (open = await entrance.open(handler, settings));
    for (const definition of definitions) log.info(describeStart(definition, routePrefix));

    const patience = options.shutdownTimeout ?? 5000;
    const checking = new AbortController();
    const ends = [surviveStrayErrors(log)];
    const shutDown = async (): Promise<void> => {
      checking.abort();
      stopping.come(stopped("the app was told to stop"));
      await opened.close({
        patience,
        giveUp: () => givenUp.come(stopped("the app has stopped, and the time is over that invocations had to finish")),
        cancelRequests: () => requests.abort(givenUp.reason),
      });
      await ownClient?.close();
      for (const end of ends) end();
    };
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= shutDown());
    ends.push(entrance.closeWhenTold?.(close, patience) ?? (() => {}), onAbort(options.signal, close));
    if (settings.checksSidecar) {
      const check = (): Promise<void> =>
        checkSidecar({
          client,
          definitions,
          address: opened.address,
          sidecar: options.client === undefined ? settings.daprUrl : undefined,
          log,
          signal: checking.signal,
        });
      void (entrance.turned === undefined ? check() : entrance.turned.then(check));
    }
    return { handler, address: opened.address, functions: definitions, close };
  } catch (error) {
    await open?.close({ patience: 0, giveUp: () => {}, cancelRequests: () => {} });
    await ownClient?.close();
    throw error;
  }
}

/** The app's own health, and what the program's check says: `false`, or an error, is ill. */
function healthOf(check: true | (() => unknown) | undefined, isHealthy: () => boolean): () => MaybePromise<boolean> {
  if (typeof check !== "function") return isHealthy;
  return () => {
    if (!isHealthy()) return false;
    return attempt(
      check,
      (verdict) => verdict !== false,
      () => false,
    );
  };
}

function stopped(message: string): InvocationError {
  return decisiveError("ERR_APP_STOPPED", message);
}

/** Loaded where it is asked for. */
function recorderOf(record: HandlerOptions["record"], log: AppLog): InvocationObserver | undefined {
  if (record === undefined) return undefined;
  const { recordingObserver } = require("../record/recorder.js") as typeof import("../record/recorder.js");
  return recordingObserver(typeof record === "string" ? { folder: record } : record, {
    warn: (text) => log.warn(text),
  });
}

function clientFor({ daprUrl, timeout, apiToken }: RuntimeSettings): HttpDaprClient {
  return new HttpDaprClient({ url: daprUrl, timeout, apiToken });
}

/** Says `CreateNewOrder: service invocation, POST /CreateNewOrder, checked as Order`. */
function describeStart(definition: FunctionDefinition, routePrefix: string): string {
  const { name, trigger, payloadType } = definition;
  const { methods, path } = routeOf(definition, routePrefix)!;
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
