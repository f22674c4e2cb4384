import { messageOf } from "../../model/thrown.js";
import { ApiError, noContent, route, type ApiReply, type ApiRequest, type Route } from "./api.js";
import { foldPath, type AppChannel } from "../app/app-channel.js";
import type { Resiliency } from "../resiliency/resiliency.js";
import { CutShort, StatusError } from "../resiliency/retries.js";
import { JsonObject, parseJson } from "./json-body.js";

export interface BindingRequest {
  readonly operation: string;
  /** Null when the request has none. */
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BindingResponse {
  /** Sent as it is; labelled JSON whatever it is, as daprd does. */
  readonly data: Uint8Array | string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fails the request although there is a response. */
  readonly error?: string;
}

export interface OutputBinding {
  readonly operations: readonly string[];
  /** Undefined when the operation returns nothing. Rejects with what went wrong. */
  invoke(request: BindingRequest): Promise<BindingResponse | undefined>;
}

export interface BindingEvent {
  readonly metadata: Readonly<Record<string, string>>;
}

export interface InputBinding {
  /** Path on which the app takes the events, without the leading slash; the component's name unless given. */
  readonly route: string;
  /** The component says that it is an input: the app is not asked. */
  readonly explicit: boolean;
  /** Begins to read; the function returned ends it. */
  start(deliver: (event: BindingEvent) => void): () => void;
}

/** @see https://docs.dapr.io/reference/api/bindings_api/ */
export function bindingRoutes(
  outputs: ReadonlyMap<string, OutputBinding>,
  resiliency: Pick<Resiliency, "outbound">,
): readonly Route[] {
  return [
    route(["POST", "PUT"], "/v1.0/bindings/{name}", ({ name }, request) => invoke(outputs, name, request, resiliency)),
  ];
}

async function invoke(
  outputs: ReadonlyMap<string, OutputBinding>,
  name: string,
  request: ApiRequest,
  resiliency: Pick<Resiliency, "outbound">,
): Promise<ApiReply> {
  const bindingRequest = readRequest(request);
  const fail = (message: string, metadata?: BindingResponse["metadata"]) =>
    new ApiError(
      500,
      "ERR_INVOKE_OUTPUT_BINDING",
      `error invoking output binding ${name}: ${message}`,
      metadataHeaders(metadata),
    );
  const { operation } = bindingRequest;
  if (operation === "") throw fail("operation field is missing from request");
  const binding = outputs.get(name);
  if (!binding) throw fail(`couldn't find output binding ${name}`);
  if (!binding.operations.includes(operation)) {
    const supported = binding.operations.join(" ");
    throw fail(`binding ${name} does not support operation ${operation}. supported operations:${supported}`);
  }
  try {
    const response = await resiliency.outbound(
      name,
      "Binding",
    )(async () => {
      const answered = await binding.invoke(bindingRequest);
      if (answered?.error !== undefined) throw new AnsweredError(answered.error, answered.metadata);
      return answered;
    });
    if (!response) return noContent;
    return { status: 200, headers: metadataHeaders(response.metadata), body: response.data };
  } catch (error) {
    throw fail(messageOf(error), error instanceof AnsweredError ? error.metadata : undefined);
  }
}

/** A component that answered, with what it counts as a failure. */
class AnsweredError extends Error {
  constructor(
    message: string,
    readonly metadata: BindingResponse["metadata"],
  ) {
    super(message);
  }
}

function readRequest(request: ApiRequest): BindingRequest {
  try {
    const body = new JsonObject(parseJson(request.body()), "http.OutputBindingRequest");
    const trace: Record<string, string> = {};
    for (const name of ["traceparent", "tracestate", "baggage"]) {
      const value = request.headers[name];
      if (typeof value === "string") trace[name] = value;
    }
    return {
      operation: body.text("operation") ?? "",
      data: body.value("data") ?? null,
      metadata: { ...body.textMap("metadata"), ...trace },
    };
  } catch (error) {
    throw new ApiError(400, "ERR_MALFORMED_REQUEST", `failed deserializing HTTP body: ${messageOf(error)}`);
  }
}

function metadataHeaders(metadata: BindingResponse["metadata"] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`metadata.${name}`, value]));
}

/** Input bindings that are being read. */
export interface RunningInputs {
  /** Delivers an event of a binding now. Rejects when the app does not take its events. */
  fire(name: string): Promise<void>;
  /** Begins no more deliveries, nor another attempt of one; resolves when those under way have ended. */
  stop(): Promise<void>;
}

/** The inputs that the app takes, begun. `signal` ends the asking, with an error. */
export async function startInputs(
  inputs: ReadonlyMap<string, InputBinding>,
  app: AppChannel,
  resiliency: Resiliency,
  onFailure: (message: string) => void,
  signal: AbortSignal,
): Promise<RunningInputs> {
  const stops: (() => void)[] = [];
  const deliveries = new Map<string, (event: BindingEvent) => Promise<void>>();
  const underWay = new Set<Promise<void>>();
  const ending = new AbortController();
  const taken: [string, InputBinding][] = [];
  for (const [name, binding] of inputs) {
    if (binding.explicit || (await app.takesBinding(binding.route, signal))) taken.push([name, binding]);
    else onFailure(`binding "${name}" is not read: the app has no route ${foldPath(binding.route)}`);
  }
  signal.throwIfAborted();
  for (const [name, binding] of taken) {
    const policy = resiliency.inbound(name, "Binding");
    const deliver = async (event: BindingEvent) => {
      try {
        await policy(async (signal) => {
          const reply = await app.deliverBindingEvent(binding.route, event.metadata, signal);
          if (reply.status !== 200) throw new StatusError(reply.status, reply, `the app answered ${reply.status}`);
        }, ending.signal);
      } catch (thrown) {
        const error = thrown instanceof CutShort ? thrown.last : thrown;
        const reason =
          error instanceof StatusError
            ? `${error.message}, the event is lost`
            : `the event did not reach the app: ${messageOf(error)}`;
        onFailure(`binding "${name}": ${reason}`);
      }
    };
    const start = (event: BindingEvent): Promise<void> => {
      const delivery = deliver(event).finally(() => underWay.delete(delivery));
      underWay.add(delivery);
      return delivery;
    };
    deliveries.set(name, start);
    stops.push(binding.start((event) => void start(event)));
  }
  return {
    async fire(name) {
      const delivery = deliveries.get(name);
      if (!delivery) throw new Error(`the app does not take the events of binding "${name}"`);
      await delivery({ metadata: {} });
    },
    async stop() {
      ending.abort();
      for (const stop of stops) stop();
      await Promise.all(underWay);
    },
  };
}
