import { bodyContent, isJsonType } from "../client/http/json-text.js";
import type { CallOptions, InvokeMethodRequest, MessageBody } from "../client/dapr-client.js";
import { bytesOf, jsonTextOf } from "../collectors/json-value.js";
import { badItem, checkOverride, refuseHalfPair, refuseHalfPairs } from "../collectors/message.js";
import { asError, kindOf } from "../model/values.js";
import { JsonText } from "../model/json.js";
import { misnamedCharset } from "../invocation/read-payload.js";
import { withSendableTrace } from "../invocation/trace-headers.js";
import { WriteError, type Invocation } from "../invocation/binding-host.js";
import { callOptions } from "./options.js";

/**
 * A value as JSON text, serialised now; bytes as base64.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST` for what JSON cannot hold: a cycle, a BigInt, a function
 */
export function jsonValue(value: unknown, where: string, property: string): JsonText {
  const bytes = bytesOf(value);
  if (bytes !== undefined) return new JsonText(JSON.stringify(bytes.toString("base64")));
  let text: JsonText | undefined;
  try {
    text = jsonTextOf(value);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw badItem(where, property, `cannot be written as JSON: ${reason}`, error);
  }
  if (text === undefined) throw badItem(where, property, `${kindOf(value)} cannot be written as JSON`);
  refuseHalfPairs(text.text, where, property);
  return text;
}

/** A class, as `StateEntry` of `state.ts` says. */
class Body implements MessageBody {
  constructor(
    readonly contentType: string,
    readonly content: MessageBody["content"],
  ) {}
}

/**
 * A value as the body of a message: JSON unless it is bytes or text of another content type.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function messageBody(
  value: unknown,
  givenType: string | undefined,
  where: string,
  property: string,
): MessageBody {
  // Dapr takes JSON with a blank behind its type for text.
  const contentType = givenType === undefined ? undefined : withTrimmedType(givenType);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return new Body(contentType ?? "application/octet-stream", bytes);
  if (contentType === undefined || isJsonType(contentType)) {
    return new Body(contentType ?? "application/json", jsonValue(value, where, property));
  }
  const text = value instanceof JsonText ? value.toJSON() : value;
  if (typeof text === "string") {
    refuseHalfPair(text, where, property);
    return new Body(contentType, text);
  }
  // Of what are bytes too, but none that can be taken, it says which are.
  if (kindOf(text) === "bytes") jsonValue(text, where, property);
  throw badItem(where, property, `${kindOf(text)} cannot be sent as ${contentType}; give text or bytes`);
}

function withTrimmedType(contentType: string): string {
  const end = contentType.indexOf(";");
  return end === -1 ? contentType.trim() : contentType.slice(0, end).trim() + contentType.slice(end);
}

/**
 * The body of a call, which its content type alone describes: {@link messageBody} whose text is in the charset named.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function callBody(
  value: unknown,
  contentType: string | undefined,
  where: string,
  property: string,
): MessageBody {
  const body = messageBody(value, contentType, where, property);
  const content = bodyContent(body);
  const charset = typeof content === "string" ? misnamedCharset(contentType, content) : undefined;
  if (charset === undefined) return body;
  throw badItem(where, property, `text is sent in UTF-8, not in ${charset}; leave the charset out, or give bytes`);
}

/**
 * The headers of a call, of whose own trace context only what parses is sent.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function callHeaders(headers: unknown, where: string): InvokeMethodRequest["headers"] {
  const checked = checkOverride("daprInvoke", "headers", headers, () => where);
  return withSendableTrace(checked as InvokeMethodRequest["headers"]);
}

/** Sends messages one after another; the first that fails stops. */
export async function sendInOrder<M>(
  messages: readonly M[],
  place: { readonly call: CallOptions },
  invocation: Invocation,
  send: (message: M, call: CallOptions) => Promise<unknown>,
): Promise<void> {
  const call = callOptions(place, invocation);
  for (let index = 0; index < messages.length; index++) {
    try {
      await send(messages[index]!, call);
    } catch (error) {
      throw new WriteError(index, index, asError(error));
    }
  }
}
