import { InvocationError } from "../../model/errors.js";
import { placeOf, type FunctionDefinition } from "../../model/function-definition.js";
import { isReply, type HttpResponse, type InvocationContext } from "../../model/invocation.js";

/**
 * Makes what a handler hands the Functions host of what a method returned. Runs before the outputs are set, so a reply
 * that throws sends nothing.
 *
 * @throws InvocationError `ERR_RETRY_REQUESTED` for a topic function that asks for the event again, `ERR_REPLY_INVALID`
 *   for a value that is no JSON, `ERR_FUNCTION_FAILED` for a Reply whose status the host cannot set
 */
export function toHostReply(definition: FunctionDefinition, returned: unknown, context: InvocationContext): unknown {
  switch (definition.trigger.type) {
    case "httpTrigger":
      return toHttpResponse(definition, returned);
    case "daprServiceInvocationTrigger":
    case "daprBindingTrigger":
      return toDaprReply(definition, returned);
    case "daprTopicTrigger":
      return toTopicReply(definition, returned, context);
    default:
      return undefined;
  }
}

function toHttpResponse(definition: FunctionDefinition, returned: unknown): HttpResponse {
  if (returned === undefined || returned === null) return { status: 204 };
  if (typeof returned === "string" || returned instanceof Uint8Array) return { body: returned };
  if (isReply(returned)) {
    const { status, headers, body } = returned;
    return {
      ...(status !== undefined && { status }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined &&
        (typeof body === "string" || body instanceof Uint8Array ? { body } : { jsonBody: body })),
    };
  }
  if (typeof returned === "object" && !Array.isArray(returned)) return returned;
  throw new InvocationError(
    "ERR_REPLY_INVALID",
    `${placeOf(definition)}: an HTTP function returned ${Array.isArray(returned) ? "an array" : `a ${typeof returned}`}; ` +
      "return an HttpResponse such as { jsonBody: value }, a Reply, text, bytes or nothing",
  );
}

/**
 * Bytes, because the v3 library drops falsy results and reads a returned object by output name, the host spreads a
 * returned JSON object over the outputs, and the extension may lose the leaves of nested JSON. A DataView rather than a
 * Buffer, because it inherits the fewest names that an output could have.
 */
function toDaprReply(definition: FunctionDefinition, returned: unknown): DataView | undefined {
  if (isReply(returned)) {
    const { status = 200, body } = returned;
    if (status < 400) return toDaprReply(definition, body);
    throw new InvocationError(
      "ERR_FUNCTION_FAILED",
      `${placeOf(definition)}: the function replied ${status}, and the Functions host can answer 200 or 500 only`,
    );
  }
  if (returned === undefined) return undefined;
  if (returned instanceof Uint8Array) return viewOf(returned);
  return viewOf(new TextEncoder().encode(toJson(definition, returned)));
}

function toJson(definition: FunctionDefinition, value: unknown): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return text;
  const what = cause instanceof Error ? cause.message : `a ${typeof value} is no JSON`;
  throw new InvocationError("ERR_REPLY_INVALID", `${placeOf(definition)}: the reply cannot be sent: ${what}`, {
    cause,
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function toTopicReply(definition: FunctionDefinition, returned: unknown, context: InvocationContext): undefined {
  const status = topicStatusOf(returned);
  if (status === "RETRY") {
    throw new InvocationError(
      "ERR_RETRY_REQUESTED",
      `${placeOf(definition)}: the function asked for the event again; Dapr delivers it once more`,
    );
  }
  if (status === "DROP") {
    context.warn(`${placeOf(definition)}: event dropped; the Functions host tells Dapr that it was handled`);
  }
  return undefined;
}

function topicStatusOf(returned: unknown): string | undefined {
  if (typeof returned !== "object" || returned === null) return undefined;
  const { status } = returned as { status?: unknown };
  return typeof status === "string" ? status.toUpperCase() : undefined;
}
