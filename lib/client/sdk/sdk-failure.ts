import type { SidecarError } from "../../model/errors.js";
import {
  badAnswer,
  calleeFailure,
  noAnswer,
  sidecarError,
  type FailedAnswer,
  type RequestPlace,
} from "../http/sidecar-failure.js";

/** HTTP statuses that the sidecar gives over HTTP for what gRPC has these codes for; any other is 500. */
const statusOfCode: Readonly<Record<number, number>> = {
  3: 400, // invalid argument
  5: 404, // not found
  7: 403, // permission denied
  8: 429, // resource exhausted
  9: 400, // failed precondition
  10: 409, // aborted: an etag that does not match
  12: 501, // unimplemented
  14: 503, // unavailable
  16: 401, // unauthenticated
};

/**
 * What a call of @dapr/dapr failed with, as a SidecarError. Over HTTP that package puts status and body into the text
 * of an error; over gRPC it throws what ConnectRPC threw, or an object around it.
 */
export function sdkError(place: RequestPlace, thrown: unknown): SidecarError {
  return toSidecarError(place, thrown, badAnswer, "ERR_UNKNOWN");
}

/** As {@link sdkError}, of an invocation: what is not the sidecar's own failure is the callee's. */
export function sdkCalleeError(place: RequestPlace, thrown: unknown): SidecarError {
  return toSidecarError(place, thrown, calleeFailure, "ERR_CALLEE_FAILED");
}

function toSidecarError(
  place: RequestPlace,
  thrown: unknown,
  toError: typeof badAnswer,
  unknownCode: string,
): SidecarError {
  const error = unwrapped(thrown);
  const answer = httpAnswer(error);
  if (answer !== undefined) return toError(place, answer);
  if (error instanceof Error && error.message.includes("DAPR_SIDECAR_COULD_NOT_BE_STARTED")) {
    return noAnswer(place, Object.assign(new Error(error.message, { cause: error }), { code: "ECONNREFUSED" }));
  }
  const { code, rawMessage, cause } = (error ?? {}) as { code?: unknown; rawMessage?: unknown; cause?: unknown };
  if (typeof code !== "number" || typeof rawMessage !== "string") return noAnswer(place, error);
  if (hasCode(cause, "ECONNREFUSED")) return noAnswer(place, cause);
  return sidecarError(place, {
    status: statusOfCode[code] ?? 500,
    errorCode: /\bERR_[A-Z_]+/.exec(rawMessage)?.[0] ?? unknownCode,
    message: rawMessage.slice(0, 1000),
    isAnswer: true,
    cause: error,
  });
}

/** True for a reply that arrived but that @dapr/dapr, which takes JSON only over gRPC, could not read. */
export function unreadReply(thrown: unknown): string | undefined {
  const message = thrown instanceof Error ? thrown.message : "";
  if (!message.includes("COULD_NOT_PARSE_RESULT")) return undefined;
  const { error_msg: text } = JSON.parse(message) as { error_msg: string };
  return text.replace("Could not parse the returned resultset: ", "");
}

function unwrapped(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null && !(thrown instanceof Error) && "error" in thrown) {
    return thrown.error;
  }
  return thrown;
}

/** The answer that the package put into the text of an error, over HTTP; its headers are lost. */
function httpAnswer(error: unknown): FailedAnswer | undefined {
  if (!(error instanceof Error) || !error.message.startsWith("{")) return undefined;
  try {
    const { status, error_msg: body } = JSON.parse(error.message) as { status?: unknown; error_msg?: unknown };
    if (typeof status !== "number") return undefined;
    return { status, headers: {}, body: Buffer.from(typeof body === "string" ? body : "") };
  } catch {
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === code;
}
