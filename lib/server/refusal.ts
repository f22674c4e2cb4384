import { randomUUID } from "node:crypto";
import { failureBody } from "../invocation/failures.js";
import { jsonReply, type WireReply } from "../invocation/reply.js";
import type { FunctionDefinition } from "../model/function-definition.js";

/**
 * A reply to a request that never became an invocation.
 *
 * @param headers beside those of every JSON reply
 */
export function refusal(
  status: number,
  errorCode: string,
  message: string,
  definition?: FunctionDefinition,
  headers?: WireReply["headers"],
): WireReply {
  if (definition === undefined) return jsonReply(status, { errorCode, message }, headers);
  return jsonReply(status, failureBody({ errorCode, message }, definition, randomUUID()), headers);
}
