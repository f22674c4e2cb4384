import { isDaprFunctionsError, PayloadError } from "../../model/errors.js";
import type { BoundFunction, FunctionDefinition } from "../../model/function-definition.js";
import type { HttpRequest, HttpResponse, InvocationContext } from "../../model/invocation.js";
import type { ValidationOptions } from "../../payload/payload-type.js";
import { compileFunction, invoke } from "../../invocation/invoke.js";
import { contextRequestOf } from "../../invocation/requests.js";
import { toTextOrBytes } from "../../invocation/read-payload.js";
import { readEvent } from "../../invocation/topic-events.js";
import { textPayloadOf } from "../app/data-type.js";
import type { TextVerdict } from "../../payload/text-type.js";
import { AzureHost } from "./azure-host.js";
import type { AzureInvocation, FunctionsBindings } from "./functions-bindings.js";
import { toHostReply } from "./reply.js";

/** One call by the Functions host, in terms that both programming models share. */
export interface FunctionsCall {
  /** What triggered it, as the worker delivers it; an HTTP request already wrapped. */
  readonly payload: unknown;
  readonly bindings: FunctionsBindings;
  readonly context: InvocationContext;
}

/** Runs one invocation and gives what the handler returns to the worker. */
export type FunctionRunner = (call: FunctionsCall) => Promise<unknown>;

/** Prepares a function for the Functions host: the same invocation as `serve()` runs, with the host's bindings. */
export function toRunner(bound: BoundFunction, validation: ValidationOptions | undefined): FunctionRunner {
  const { definition } = bound;
  const fn = compileFunction(bound, host, { validation });
  const isHttp = definition.trigger.type === "httpTrigger";
  return async ({ payload, bindings, context: given }) => {
    const context = isHttp ? { ...given, request: contextRequestOf(payload as HttpRequest) } : given;
    const invocation: AzureInvocation = {
      id: context.invocationId,
      definition,
      context,
      bindings,
      // The Functions host resolves its own expressions, and sends by itself.
      bindingData: {},
      traceHeaders: undefined,
      event: undefined,
      signal: undefined,
    };
    try {
      return await invoke(fn, toPayload(payload, definition), invocation, (returned) =>
        toHostReply(definition, returned, context),
      );
    } catch (error) {
      if (definition.trigger.type === "httpTrigger" && isCallersFault(error)) return badRequest(error, invocation);
      throw error;
    }
  };
}

const host = new AzureHost();

/** What the worker delivers: an empty body as empty text or bytes, and the data of an event not yet decoded. */
function toPayload(payload: unknown, definition: FunctionDefinition): unknown {
  const { trigger, name } = definition;
  if (trigger.generic === true || trigger.type === "httpTrigger") return payload;
  if (payload === "" || (payload instanceof Uint8Array && payload.length === 0)) return undefined;
  if (trigger.type === "daprTopicTrigger" && isEvent(payload)) {
    return readEvent(payload, trigger, trigger.topic ?? name, false).event;
  }
  const text = payload instanceof Uint8Array ? textPayloadOf(definition) : undefined;
  return text === undefined ? payload : textOf(payload as Uint8Array, text);
}

/** Bytes of which a function wants text: what a caller sent as JSON is that, all else is text as it is. */
function textOf(bytes: Uint8Array, verdict: TextVerdict): unknown {
  const text = toTextOrBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (typeof text !== "string") return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" || verdict === "also" ? value : text;
  } catch {
    return text;
  }
}

function isEvent(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "specversion" in payload;
}

const callersFaults: ReadonlySet<string> = new Set(["ERR_PAYLOAD_INVALID", "ERR_MALFORMED_REQUEST"]);

/** By code: the method may throw an error of another copy of the library. */
function isCallersFault(error: unknown): error is PayloadError {
  return isDaprFunctionsError(error) && callersFaults.has(error.code);
}

function badRequest({ code, message, issues }: PayloadError, { definition, id }: AzureInvocation): HttpResponse {
  return {
    status: 400,
    jsonBody: {
      errorCode: code,
      message,
      functionName: definition.name,
      invocationId: id,
      ...(issues !== undefined && issues.length > 0 && { issues }),
    },
  };
}
