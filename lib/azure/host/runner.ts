import { types } from "node:util";
import { InvocationError } from "../../model/errors.js";
import { isPromise } from "../../model/maybe-promise.js";
import { isStandardSchema, type PayloadType } from "../../model/payload-type.js";
import type { BoundFunction, FunctionDefinition } from "../../model/function-definition.js";
import type { InvocationContext } from "../../model/invocation.js";
import { bindingDataOf } from "../../invocation/binding-data.js";
import type { BindingHost } from "../../invocation/binding-host.js";
import { failureAnswer, type Failure } from "../../invocation/failures.js";
import { compileFunction, type CompileOptions } from "../../invocation/compile-function.js";
import { logFailure, runFunction } from "../../invocation/run-function.js";
import { defaultMaxBodySize, inflateBody, refusalOf, tooLarge } from "../../invocation/inflate.js";
import type { WireReply } from "../../invocation/reply.js";
import { contextRequestOf, TriggerRequest } from "../../invocation/requests.js";
import { toTextOrBytes } from "../../invocation/read-payload.js";
import { parseDelivery, readEvent } from "../../invocation/topic-events.js";
import { textPayloadOf } from "../app/data-type.js";
import type { TextVerdict } from "../../payload/text-type.js";
import type { Bindings } from "../app/served-by.js";
import type { FunctionsBindings } from "./functions-bindings.js";
import { FunctionsInvocation } from "./functions-invocation.js";
import { checkedForHost, toHandlerResult } from "./reply.js";

/** One call by the Functions host, in terms that both programming models share. */
export interface FunctionsCall {
  /** What triggered it, as the worker delivers it; an HTTP request already wrapped. */
  readonly payload: unknown;
  readonly bindings: FunctionsBindings;
  readonly context: InvocationContext;
}

export interface RunnerOptions extends CompileOptions {
  /** Who serves the Dapr inputs and outputs; `host` unless given. */
  readonly bindings?: Bindings | undefined;
}

/** Runs one invocation and gives what the handler returns to the worker. */
export type FunctionRunner = (call: FunctionsCall) => Promise<unknown>;

/** Prepares a function for the Functions host: the same invocation as `serve()` runs. */
export function toRunner(bound: BoundFunction, host: BindingHost, options: RunnerOptions): FunctionRunner {
  const { definition } = bound;
  const fn = compileFunction(bound, host, options);
  const isHttp = definition.trigger.type === "httpTrigger";
  // The Functions host resolves its own expressions.
  const data = options.bindings === "sidecar" ? bindingDataOf(definition) : undefined;
  return async ({ payload: delivered, bindings, context: given }) => {
    const payload = isHttp ? await inflated(delivered as TriggerRequest, definition, given) : delivered;
    if (isHttp && !(payload instanceof TriggerRequest)) return toHandlerResult(payload as WireReply, isHttp);
    const context = isHttp
      ? { ...given, request: contextRequestOf(payload as TriggerRequest, () => invocation.attempt) }
      : given;
    const invocation: FunctionsInvocation = new FunctionsInvocation(definition, context, bindings);
    // Expressions look into the body at once, so it has to be there.
    if (isHttp && data !== undefined) await (payload as TriggerRequest).arrayBuffer();
    return await runFunction<unknown, FunctionsInvocation>(fn, invocation, {
      readPayload: () => {
        const read = toPayload(payload, invocation);
        if (data !== undefined) {
          invocation.bindingData = isHttp
            ? data.ofRequest(payload as TriggerRequest, () => (payload as TriggerRequest).peekJson())
            : data.ofPayload(dataIn(read, invocation));
        }
        return read;
      },
      write: (answer) => toHandlerResult(checkedForHost(answer, definition, context), isHttp),
      fail: (failure, _, thrown) => {
        // The host answers for a handler that throws, and to HTTP without saying which function failed.
        if (!isHttp) throw readableError(thrown, failure);
        logFailure(failure, invocation);
        return toHandlerResult(failureAnswer(failure, definition, invocation.id), isHttp);
      },
    });
  };
}

/** The Functions host passes a body on as it came: what its `content-encoding` says is undone as beside a sidecar. */
async function inflated(
  request: TriggerRequest,
  definition: FunctionDefinition,
  context: InvocationContext,
): Promise<TriggerRequest | WireReply> {
  const contentEncoding = request.headers.get("content-encoding");
  if (contentEncoding === null) return request;
  const body = Buffer.from(await request.arrayBuffer());
  if (body.length === 0) return request;
  const limit = defaultMaxBodySize;
  const result = await inflateBody(body, contentEncoding, limit);
  if (Buffer.isBuffer(result)) return request.withBody(result);
  if (result === "too-large")
    context.warn(`${definition.name} failed: ERR_PAYLOAD_TOO_LARGE: ${tooLarge(limit)}; send less`);
  return refusalOf(result, { contentEncoding, limit }, definition, context.invocationId);
}

/** The worker takes `null` for success, and ends when an error cannot be read. */
function readableError(thrown: unknown, { errorCode, detail }: Failure): Error {
  if (types.isNativeError(thrown)) {
    try {
      const { name, message, stack, code: _ } = thrown as NodeJS.ErrnoException;
      if ([name, message, stack].every((text) => typeof text === "string")) return thrown;
    } catch {
      // What cannot be read is replaced.
    }
  }
  return new InvocationError(errorCode, detail);
}

/**
 * Where expressions look: in the payload, and for triggers that are not Dapr's in what the host says of them as well, a
 * blob's name for instance.
 */
function dataIn(payload: unknown, { definition, context }: FunctionsInvocation): unknown {
  const { trigger } = definition;
  if (trigger.generic !== true) return payload;
  const members = typeof payload === "object" && !(payload instanceof Uint8Array) ? payload : undefined;
  return { ...context.triggerMetadata, [trigger.name]: payload, ...members };
}

/** What the worker delivers: an empty body as empty text or bytes, and the data of an event not yet decoded. */
function toPayload(payload: unknown, invocation: FunctionsInvocation): unknown {
  const { definition } = invocation;
  const { trigger, name } = definition;
  if (trigger.generic === true || trigger.type === "httpTrigger") return payload;
  if (payload === "" || (payload instanceof Uint8Array && payload.length === 0)) return undefined;
  if (trigger.type === "daprTopicTrigger") {
    const delivered = payload instanceof Uint8Array ? parseDelivery(Buffer.from(payload)) : payload;
    const { event, hasStableId } = readEvent(delivered, trigger, trigger.topic ?? name, false);
    invocation.attributes = event;
    if (hasStableId) invocation.event = { source: event.source, id: event.id };
    return event;
  }
  const text = payload instanceof Uint8Array ? textPayloadOf(definition) : undefined;
  return text === undefined ? payload : textOf(payload as Uint8Array, text, definition.payloadType);
}

/**
 * Bytes of which a function wants text: what a caller sent as JSON text is that, all else is text as it is. Where it may be
 * something else as well, JSON is that, but for a number or boolean that would change, or that its schema refuses. Where its
 * schema does not say what it is, JSON is what it is in every other host, unless the schema refuses it.
 */
function textOf(bytes: Uint8Array, verdict: TextVerdict, type: PayloadType | undefined): unknown {
  const text = toTextOrBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (typeof text !== "string") return text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return value;
    if (verdict === "always") return text;
    if (typeof value === "object") return value;
    if (verdict === "unknown") return isAccepted(type, value, true) ? value : text;
    return JSON.stringify(value) === text.trim() && isAccepted(type, value, false) ? value : text;
  } catch {
    return text;
  }
}

/** @param whenLater what to take where the schema would have to wait */
function isAccepted(type: PayloadType | undefined, value: unknown, whenLater: boolean): boolean {
  if (!isStandardSchema(type)) return false;
  const result = type["~standard"].validate(value);
  if (!isPromise(result)) return result.issues === undefined;
  Promise.resolve(result).catch(() => undefined);
  return whenLater;
}
