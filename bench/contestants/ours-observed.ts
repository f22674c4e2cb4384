import { join } from "node:path";
import type * as Api from "@opentelemetry/api";
import {
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  serve,
  type Collector,
  type HandlerOptions,
  type InvocationContext,
  type InvocationObserver,
} from "dapr-functions";
import type { Contestant, Order } from "./contestant.js";
import { silent } from "./ours.js";

type Options = Pick<HandlerOptions, "log" | "observers">;

/** Both save an order; one says so. */
class Orders {
  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }): void {
    order.add(payload);
  }
}

class LoggedOrders {
  @DaprServiceInvocationTrigger({ methodName: "save-order" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  saveOrder(payload: Order, { order }: { order: Collector<Order> }, context: InvocationContext): void {
    order.add(payload);
    context.info(`saved ${payload.id}`);
  }
}

/** A watch that has every member and does nothing. */
const idle: InvocationObserver = {
  start: () => ({
    run: (next) => next(),
    headers: () => undefined,
    received() {},
    read: (_, next) => next(),
    call: (_, next) => next(),
    added() {},
    calling() {},
    called() {},
    conflicted() {},
    flush: (_, __, next) => next(),
    ended() {},
  }),
};

/** Takes whole lines and drops them by the thousand: what a logger does with them is its own to answer for. */
function lineLog(): Options["log"] {
  let lines: string[] = [];
  const write = (...words: unknown[]): void => {
    if (lines.push(words.join(" ")) === 1000) lines = [];
  };
  return { info: write, warn: write, error: write, debug: write };
}

/** Loaded before `serve`, as the SDK's preload is; nothing leaves the process. */
export function startTelemetry(): typeof Api {
  /* oxlint-disable typescript/no-require-imports -- only this kind loads the SDK */
  const api = require("@opentelemetry/api") as typeof Api;
  const { BatchSpanProcessor, NodeTracerProvider } =
    require("@opentelemetry/sdk-trace-node") as typeof import("@opentelemetry/sdk-trace-node");
  /* oxlint-enable typescript/no-require-imports */
  const exporter = {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: () => Promise.resolve(),
  };
  new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }).register();
  return api;
}

/** The page that shows what happens, with nobody looking: as `run` has it. */
function inspected(): Options {
  const folder = join(__dirname, "..", "node_modules", "dapr-functions", "dist", "inspector");
  /* oxlint-disable typescript/no-require-imports -- of the package, which does not export them */
  const { History } = require(join(folder, "history.js")) as typeof import("../../lib/inspector/history.js");
  const { Recorder } = require(join(folder, "recorder.js")) as typeof import("../../lib/inspector/recorder.js");
  const { Recordings } = require(join(folder, "recordings.js")) as typeof import("../../lib/inspector/recordings.js");
  /* oxlint-enable typescript/no-require-imports */
  const history = new History();
  const recorder = new Recorder("bench", (record) => history.add(record));
  const recordings = new Recordings((id, recording) => history.addRecording(id, recording));
  return { observers: [recorder, recordings], log: recorder.logOver(silent, true) };
}

const kinds: Readonly<Record<string, () => { readonly functions: new () => object; readonly options: Options }>> = {
  none: () => ({ functions: Orders, options: { log: silent } }),
  idle: () => ({ functions: Orders, options: { log: silent, observers: [idle] } }),
  "log line": () => ({ functions: LoggedOrders, options: { log: lineLog() } }),
  "log line on the console": () => ({ functions: LoggedOrders, options: {} }),
  OpenTelemetry: () => {
    startTelemetry();
    return { functions: Orders, options: { log: silent } };
  },
  inspector: () => ({ functions: Orders, options: inspected() }),
};

/** One state item, watched in the way that its argument says. */
export const contestant: Contestant = {
  start(sidecarPort, port, kind) {
    // The stub has no metadata, which else is said on the console.
    process.env.DAPR_DISABLE_SIDECAR_METADATA_CHECK = "true";
    const { functions, options } = kinds[kind]!();
    return serve([functions], { port, daprUrl: `http://127.0.0.1:${sidecarPort}`, ...options });
  },
};
