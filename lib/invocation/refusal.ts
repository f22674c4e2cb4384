import { randomUUID } from "node:crypto";
import { failureBody } from "./failures.js";
import { jsonReply, type WireReply } from "./reply.js";
import type { FunctionDefinition } from "../model/function-definition.js";

/**
 * A reply to a request whose function never ran.
 *
 * @param headers beside those of every JSON reply
 * @param invocationId a new one unless its host has named it
 */
export function refusal(
  status: number,
  errorCode: string,
  message: string,
  definition?: FunctionDefinition,
  headers?: WireReply["headers"],
  invocationId?: string,
): WireReply {
  if (definition === undefined) return jsonReply(status, { errorCode, message }, headers);
  return jsonReply(status, failureBody({ errorCode, message }, definition, invocationId ?? randomUUID()), headers);
}
