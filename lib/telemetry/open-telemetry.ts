import type * as Api from "@opentelemetry/api";
import type { Binding, TriggerBinding } from "../model/bindings.js";
import { pathOf } from "../model/paths.js";
import type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";

/** What the SDK's instrumentations look at before they make a span or send a header. */
const suppression = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/**
 * Spans and metrics of each invocation; `undefined` where the API cannot be loaded from here.
 *
 * An invocation is one span, SERVER or, of an event, CONSUMER with a link to what published it. Each input read, output
 * sent and call of another application is a CLIENT span below it, whose context goes out on the request: the
 * instrumentations of http and undici are told to leave that request alone, or it would carry two.
 *
 * @param routePrefix what stands before the routes of HTTP functions
 * @see https://opentelemetry.io/docs/specs/semconv/faas/
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/
 */
export function openTelemetryObserver(routePrefix?: string): InvocationObserver | undefined {
  let api: typeof Api;
  try {
    api = require("@opentelemetry/api") as typeof Api;
  } catch {
    // Registered through a copy of the API that is bundled; ours cannot be told what to do without one.
    return undefined;
  }
  const tracer = api.trace.getTracer("dapr-functions");
  const instruments = instrumentsOf(api);
  return { start: (invocation) => new InvocationSpan(api, tracer, instruments, invocation, routePrefix) };
}

/** The semantic conventions' for `faas.invoke_duration`: the SDK's own are for milliseconds, so all of 5 s were one bucket. */
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

type Instruments = ReturnType<typeof instrumentsOf>;

function instrumentsOf(api: typeof Api) {
  const meter = api.metrics.getMeter("dapr-functions");
  return {
    invocations: meter.createCounter("faas.invocations", {
      unit: "{invocation}",
      description: "Invocations that ended well.",
    }),
    errors: meter.createCounter("faas.errors", {
      unit: "{error}",
      description: "Invocations that failed, by error.type.",
    }),
    timeouts: meter.createCounter("faas.timeouts", {
      unit: "{timeout}",
      description: "Invocations that took longer than they may.",
    }),
    duration: meter.createHistogram("faas.invoke_duration", {
      unit: "s",
      description: "Seconds from the payload to the answer.",
      advice: { explicitBucketBoundaries: secondsBuckets },
    }),
    items: meter.createHistogram("dapr.output.items", {
      unit: "{item}",
      description: "Items that one invocation sent through an output.",
    }),
    conflicts: meter.createCounter("dapr.state.conflicts", {
      unit: "{conflict}",
      description: "Writes of state entries that found a key changed.",
    }),
    reruns: meter.createCounter("dapr.state.reruns", {
      unit: "{run}",
      description: "Runs of a method beyond its first, after a state conflict.",
    }),
  };
}

class InvocationSpan implements InvocationWatch {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #instruments: Instruments;
  readonly #invocation: ObservedInvocation;
  readonly #labels: Api.Attributes;
  readonly #span: Api.Span;
  readonly #context: Api.Context;
  readonly #start = performance.now();

  constructor(
    api: typeof Api,
    tracer: Api.Tracer,
    instruments: Instruments,
    invocation: ObservedInvocation,
    routePrefix: string | undefined,
  ) {
    this.#api = api;
    this.#tracer = tracer;
    this.#instruments = instruments;
    this.#invocation = invocation;
    const { definition, id, event } = invocation;
    const { trigger, name } = definition;
    this.#labels = { "faas.name": name, "faas.trigger": triggerKind(trigger) };
    const isEvent = trigger.type === "daprTopicTrigger" || trigger.type === "daprBindingTrigger";
    const active = api.context.active();
    const remote = remoteParent(api, invocation);
    // An instrumentation of the server has continued the trace already.
    const parent =
      api.trace.getSpan(active) === undefined && remote !== undefined
        ? api.trace.setSpanContext(active, remote)
        : active;
    this.#span = tracer.startSpan(
      name,
      {
        kind: isEvent ? api.SpanKind.CONSUMER : api.SpanKind.SERVER,
        attributes: {
          ...this.#labels,
          "faas.invocation_id": id,
          "code.function.name": `${definition.className}.${definition.methodName}`,
          ...attributesOfTrigger(invocation, routePrefix),
          ...(event !== undefined && { "messaging.message.id": event.id }),
        },
        ...(isEvent && remote !== undefined && { links: [{ context: remote }] }),
      },
      parent,
    );
    this.#context = api.trace.setSpan(parent, this.#span);
  }

  run<T>(next: () => T): T {
    return this.#api.context.with(this.#context, next);
  }

  /** Of the step that is under way; of the invocation where the program has no context manager. */
  headers(): Readonly<Record<string, string>> {
    const { trace, context } = this.#api;
    const { traceId, spanId, traceFlags, traceState } = (trace.getSpan(context.active()) ?? this.#span).spanContext();
    const headers: Record<string, string> = {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    };
    const state = traceState?.serialize();
    if (state) headers["tracestate"] = state;
    const { baggage } = this.#invocation.traceHeaders ?? {};
    if (baggage !== undefined) headers["baggage"] = baggage;
    return headers;
  }

  read(input: Binding, next: () => Promise<unknown>): Promise<unknown> {
    return this.#step("read", input, next);
  }

  call<T>(client: Binding, next: () => Promise<T>): Promise<T> {
    return this.#step("call", client, next);
  }

  flush(output: Binding, messages: readonly unknown[], next: () => Promise<void>): Promise<void> {
    this.#instruments.items.record(messages.length, { ...this.#labels, "dapr.binding.name": output.name });
    return this.#step("send", output, next, { "dapr.output.items": messages.length });
  }

  conflicted(_attempt: number, isOver: boolean): void {
    this.#instruments.conflicts.add(1, this.#labels);
    if (!isOver) this.#instruments.reruns.add(1, this.#labels);
  }

  ended({ failure }: InvocationEnd): void {
    const { errors, timeouts, invocations, duration } = this.#instruments;
    const labels = this.#labels;
    const seconds = (performance.now() - this.#start) / 1000;
    if (failure === undefined) invocations.add(1, labels);
    else {
      const failed = { ...labels, "error.type": failure.errorCode };
      errors.add(1, failed);
      if (failure.errorCode === "ERR_INVOCATION_TIMEOUT") timeouts.add(1, labels);
      this.#span.setAttribute("error.type", failure.errorCode);
      // A caller's mistake is not an error of the server.
      const { SpanStatusCode } = this.#api;
      if (failure.status === undefined || failure.status >= 500)
        this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure.errorCode });
    }
    duration.record(seconds, labels);
    this.#span.end();
  }

  async #step<T>(verb: string, binding: Binding, next: () => Promise<T>, more: Api.Attributes = {}): Promise<T> {
    const { trace, context, SpanKind, SpanStatusCode } = this.#api;
    const active = context.active();
    const parent = trace.getSpan(active) === undefined ? this.#context : active;
    const attributes = {
      "dapr.binding.type": binding.type,
      "dapr.binding.name": binding.name,
      ...attributesOf(binding),
      ...more,
    };
    const span = this.#tracer.startSpan(`${verb} ${binding.name}`, { kind: SpanKind.CLIENT, attributes }, parent);
    try {
      return await context.with(trace.setSpan(parent, span).setValue(suppression, true), next);
    } catch (error) {
      const { code } = (error ?? {}) as { readonly code?: unknown };
      span.setAttribute("error.type", typeof code === "string" ? code : "_OTHER");
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }
}

/** The context that the trigger brought, as the parent of another process. */
function remoteParent(api: typeof Api, { traceHeaders }: ObservedInvocation): Api.SpanContext | undefined {
  const [, traceId, spanId, flags] = traceHeaders?.["traceparent"]?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const tracestate = traceHeaders?.["tracestate"];
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && { traceState: api.createTraceState(tracestate) }),
  };
}

/** @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/faas/ */
function triggerKind({ type }: TriggerBinding): string {
  if (type === "daprTopicTrigger") return "pubsub";
  if (type === "daprServiceInvocationTrigger" || type === "httpTrigger") return "http";
  return type === "timerTrigger" ? "timer" : "other";
}

function attributesOfTrigger(
  { definition, context }: ObservedInvocation,
  routePrefix: string | undefined,
): Api.Attributes {
  const { trigger, name } = definition;
  if (trigger.generic === true) return {};
  switch (trigger.type) {
    case "daprTopicTrigger":
      return {
        "messaging.system": "dapr",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": trigger.topic ?? name,
        "dapr.component": trigger.pubSubName,
      };
    case "daprBindingTrigger":
      return { "dapr.component": trigger.bindingName ?? name };
    default: {
      const method = context.request?.method;
      return {
        "http.route": pathOf(trigger, name, routePrefix),
        ...(method !== undefined && { "http.request.method": method }),
      };
    }
  }
}

/** Names of components that the decorator gives as they are; of those in expressions only the item knows. */
function attributesOf(binding: Binding): Api.Attributes {
  if (binding.generic === true) return {};
  const { stateStore, pubSubName, bindingName, secretStoreName, appId, topic } = binding as unknown as Readonly<
    Record<string, string | undefined>
  >;
  const component = stateStore ?? pubSubName ?? bindingName ?? secretStoreName;
  return {
    ...(component !== undefined && { "dapr.component": component }),
    ...(appId !== undefined && { "dapr.app_id": appId }),
    ...(binding.type === "daprPublish" && {
      "messaging.system": "dapr",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      ...(topic !== undefined && { "messaging.destination.name": topic }),
    }),
  };
}
