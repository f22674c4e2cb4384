import type * as Api from "@opentelemetry/api";
import type { Binding, TriggerBinding } from "../model/bindings.js";
import { allMethods, pathOf } from "../model/paths.js";
import type { FunctionDefinition } from "../model/function-definition.js";
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
  const described = onceFor((definition: FunctionDefinition) => describe(definition, routePrefix));
  const steps = onceFor(attributesOfStep);
  const itemLabels = onceFor((output: Binding, labels: Api.Attributes): Api.Attributes => {
    return { ...labels, "dapr.binding.name": output.name };
  });
  const scope: Scope = { api, tracer, instruments, described, steps, itemLabels };
  return { start: (invocation) => new InvocationSpan(scope, invocation) };
}

/**
 * What the invocations of one app share. Attributes that all invocations share are made once, and what is one invocation's
 * own is set on its span after the start, where no sampler sees it: a copy of all of them for each span cost a tenth of
 * an invocation (measured).
 */
interface Scope {
  readonly api: typeof Api;
  readonly tracer: Api.Tracer;
  readonly instruments: Instruments;
  readonly described: (definition: FunctionDefinition) => Described;
  readonly steps: (binding: Binding) => Api.Attributes;
  /** @param labels of the function that has the output */
  readonly itemLabels: (output: Binding, labels: Api.Attributes) => Api.Attributes;
}

/** What is the same of every invocation of a function. */
interface Described {
  readonly labels: Api.Attributes;
  /** @param method the verb of the request where the function has a route */
  readonly attributes: (method: string | undefined) => Api.Attributes;
  readonly hasRoute: boolean;
  readonly isEvent: boolean;
}

function describe({ trigger, name, className, methodName }: FunctionDefinition, routePrefix?: string): Described {
  const labels = { "faas.name": name, "faas.trigger": triggerKind(trigger) };
  const all = {
    ...labels,
    "code.function.name": `${className}.${methodName}`,
    ...attributesOfTrigger(trigger, name, routePrefix),
  };
  const byMethod = new Map<string, Api.Attributes>();
  return {
    labels,
    attributes(method) {
      if (method === undefined) return all;
      // Callers of Azure's host may send any verb, of which none is to be a value of its own.
      const name = (allMethods as readonly string[]).includes(method) ? method : "_OTHER";
      let attributes = byMethod.get(name);
      if (attributes === undefined) byMethod.set(name, (attributes = { ...all, "http.request.method": name }));
      return attributes;
    },
    hasRoute: "http.route" in all,
    isEvent: trigger.type === "daprTopicTrigger" || trigger.type === "daprBindingTrigger",
  };
}

/** @param make is called once for each key; its other arguments must always be the same for one key */
function onceFor<K extends object, Rest extends readonly unknown[], V>(
  make: (key: K, ...rest: Rest) => V,
): (key: K, ...rest: Rest) => V {
  const made = new WeakMap<K, V>();
  return (key, ...rest) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key, ...rest)));
    return value;
  };
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
    waiting: meter.createUpDownCounter("dapr.invocations.waiting", {
      unit: "{invocation}",
      description: "Invocations that wait for their turn, or for the key of a state entry.",
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
  readonly #scope: Scope;
  readonly #invocation: ObservedInvocation;
  readonly #labels: Api.Attributes;
  readonly #span: Api.Span;
  readonly #context: Api.Context;
  readonly #start = performance.now();

  constructor(scope: Scope, invocation: ObservedInvocation) {
    this.#scope = scope;
    this.#invocation = invocation;
    const { api, tracer } = scope;
    const { definition, id, event, context } = invocation;
    const { labels, attributes, hasRoute, isEvent } = scope.described(definition);
    this.#labels = labels;
    const active = api.context.active();
    const remote = remoteParent(api, invocation);
    // An instrumentation of the server has continued the trace already.
    const parent =
      api.trace.getSpan(active) === undefined && remote !== undefined
        ? api.trace.setSpanContext(active, remote)
        : active;
    const options: Api.SpanOptions = {
      kind: isEvent ? api.SpanKind.CONSUMER : api.SpanKind.SERVER,
      attributes: attributes(hasRoute ? context.request?.method : undefined),
    };
    if (isEvent && remote !== undefined) options.links = [{ context: remote }];
    this.#span = tracer.startSpan(definition.name, options, parent);
    this.#span.setAttribute("faas.invocation_id", id);
    if (event !== undefined) this.#span.setAttribute("messaging.message.id", event.id);
    this.#context = api.trace.setSpan(parent, this.#span);
  }

  run<T>(next: () => T): T {
    return this.#scope.api.context.with(this.#context, next);
  }

  /**
   * Of the step that is under way; of the invocation where the program has no context manager. Undefined where there is no
   * span, with metrics alone or where an instrumentation ignores the request: the trigger's own trace goes on.
   */
  headers(): Readonly<Record<string, string>> | undefined {
    const { trace, context } = this.#scope.api;
    const own = this.#contextOf(trace.getSpan(context.active())) ?? this.#contextOf(this.#span);
    if (own === undefined) return undefined;
    const { traceId, spanId, traceFlags, traceState } = own;
    const headers: Record<string, string> = {
      traceparent: `00-${traceId}-${spanId}-${traceFlags < 16 ? "0" : ""}${traceFlags.toString(16)}`,
    };
    const state = traceState?.serialize();
    if (state) headers["tracestate"] = state;
    const baggage = this.#invocation.traceHeaders?.["baggage"];
    if (baggage !== undefined) headers["baggage"] = baggage;
    return headers;
  }

  #contextOf(span: Api.Span | undefined): Api.SpanContext | undefined {
    const context = span?.spanContext();
    return context !== undefined && this.#scope.api.isSpanContextValid(context) ? context : undefined;
  }

  read(input: Binding, next: () => Promise<unknown>): Promise<unknown> {
    return this.#step("read", input, next);
  }

  call<T>(client: Binding, next: () => Promise<T>): Promise<T> {
    return this.#step("call", client, next);
  }

  flush(output: Binding, messages: readonly unknown[], next: () => Promise<void>): Promise<void> {
    const { instruments, itemLabels } = this.#scope;
    instruments.items.record(messages.length, itemLabels(output, this.#labels));
    return this.#step("send", output, next, messages.length);
  }

  queued(turn: Promise<unknown>): void {
    const { waiting } = this.#scope.instruments;
    const leave = (): void => waiting.add(-1, this.#labels);
    waiting.add(1, this.#labels);
    turn.then(leave, leave);
  }

  conflicted(_attempt: number, isOver: boolean): void {
    const { conflicts, reruns } = this.#scope.instruments;
    conflicts.add(1, this.#labels);
    if (!isOver) reruns.add(1, this.#labels);
  }

  ended({ failure }: InvocationEnd): void {
    const { errors, timeouts, invocations, duration } = this.#scope.instruments;
    const labels = this.#labels;
    const seconds = (performance.now() - this.#start) / 1000;
    if (failure === undefined) invocations.add(1, labels);
    else {
      const failed = { ...labels, "error.type": failure.errorCode };
      errors.add(1, failed);
      if (failure.errorCode === "ERR_INVOCATION_TIMEOUT") timeouts.add(1, labels);
      this.#span.setAttribute("error.type", failure.errorCode);
      // A caller's mistake is not an error of the server.
      const { SpanStatusCode } = this.#scope.api;
      if (failure.status === undefined || failure.status >= 500)
        this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure.errorCode });
    }
    duration.record(seconds, labels);
    this.#span.end();
  }

  async #step<T>(verb: string, binding: Binding, next: () => Promise<T>, items?: number): Promise<T> {
    const { api, tracer, steps } = this.#scope;
    const { trace, context, SpanKind, SpanStatusCode } = api;
    const active = context.active();
    const parent = trace.getSpan(active) === undefined ? this.#context : active;
    const options = { kind: SpanKind.CLIENT, attributes: steps(binding) };
    const span = tracer.startSpan(`${verb} ${binding.name}`, options, parent);
    if (items !== undefined) span.setAttribute("dapr.output.items", items);
    try {
      return await context.with(trace.setSpan(parent, span).setValue(suppression, true), next);
    } catch (error) {
      span.setAttribute("error.type", errorTypeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }
}

/** The context that the trigger brought, as the parent of another process. */
function remoteParent(api: typeof Api, { traceHeaders }: ObservedInvocation): Api.SpanContext | undefined {
  const traceparent = traceHeaders?.["traceparent"];
  if (traceparent === undefined) return undefined;
  const [, traceId, spanId, flags] = traceparent.split("-");
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

function attributesOfTrigger(trigger: TriggerBinding, name: string, routePrefix: string | undefined): Api.Attributes {
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
    default:
      return { "http.route": pathOf(trigger, name, routePrefix) };
  }
}

/** Names of components that the decorator gives as they are; of those in expressions only the item knows. */
function attributesOfStep(binding: Binding): Api.Attributes {
  const own = { "dapr.binding.type": binding.type, "dapr.binding.name": binding.name };
  if (binding.generic === true) return own;
  const { stateStore, pubSubName, bindingName, secretStoreName, appId, topic } = binding as unknown as Readonly<
    Record<string, string | undefined>
  >;
  const component = stateStore ?? pubSubName ?? bindingName ?? secretStoreName;
  return {
    ...own,
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

/** The error code of a failed step. A write that failed says which item it was, and has the sidecar's error as its cause. */
function errorTypeOf(error: unknown): string {
  const { cause = error } = (error ?? {}) as { readonly cause?: unknown };
  const codes = [error, cause].map((one) => ((one ?? {}) as { readonly code?: unknown }).code);
  return codes.find((code) => typeof code === "string") ?? "_OTHER";
}
