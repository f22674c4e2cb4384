import { isUtf8 } from "node:buffer";
import { InvocationError, SidecarError } from "../../model/errors.js";
import { numberFault } from "../../model/numbers.js";
import { memberOf } from "../../model/thrown.js";
import type { Answer } from "./exchange.js";

/** Where a request went, for messages: never its query, headers or body. */
export interface RequestPlace {
  /** The binding that asked, if any: `daprPublish "copies"`. */
  readonly binding: string | undefined;
  /** `POST /v1.0/publish/bus/orders` */
  readonly operation: string;
  /** `http://127.0.0.1:3500` */
  readonly target: string;
}

interface Failure {
  readonly status: number;
  readonly errorCode: string;
  readonly message: string;
  /** True where the status is that of an answer: the message then names it. */
  readonly isAnswer?: boolean;
  readonly details?: unknown;
  readonly accepted?: number;
  readonly retryable?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly cause?: unknown;
}

/** An error whose message starts with binding and request, and names the status of an answer. */
export function sidecarError(place: RequestPlace, failure: Failure): SidecarError {
  const { binding, operation, target } = place;
  const { isAnswer, ...init } = failure;
  const answered = isAnswer === true ? ` answered ${failure.status}` : "";
  return new SidecarError({
    ...init,
    operation,
    target,
    message: `${binding === undefined ? "" : `${binding}, `}${operation}${answered}: ${failure.message}`,
  });
}

/**
 * Refuses a time that no timer waits for: it would have passed at once, with a message that accuses the sidecar.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function refuseTimeout(timeout: number | undefined, { operation }: Pick<RequestPlace, "operation">): void {
  const fault = timeout === undefined ? undefined : numberFault(timeout, { least: 1 });
  if (fault !== undefined) throw new InvocationError("ERR_DAPR_BAD_REQUEST", `${operation}, timeout: ${fault}`);
}

/** Nothing listens, the name has no address, or no way leads there. */
const refusals: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** True where there was no connection: no byte of the request was sent. */
export function isRefused(error: unknown): boolean {
  return refusals.has((error as { code?: unknown } | null)?.code);
}

/** The error of a request that got no answer. */
export function noAnswer(place: RequestPlace, cause: unknown): SidecarError {
  if (isRefused(cause)) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return sidecarError(place, {
      status: 503,
      errorCode: "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
      message: `no sidecar at ${place.target}${code === "ECONNREFUSED" ? "" : `: ${message}`}`,
      retryable: true,
      cause,
    });
  }
  return sidecarError(place, {
    status: 500,
    errorCode: "ERR_DAPR_REQUEST_FAILED",
    message: reasonOf(cause),
    retryable: true,
    cause,
  });
}

function reasonOf(cause: unknown): string {
  // What undici takes for impossible, such as a status of 099, is a line of its source.
  if (memberOf(cause, "code") === "ERR_ASSERTION") return "the answer is not valid HTTP/1.1";
  return cause instanceof Error && cause.message !== "" ? cause.message : "the request failed";
}

const longest = 1000;

/** An answer that is not a success, as errors keep it. */
export type FailedAnswer = Pick<Answer, "status" | "headers" | "body">;

/**
 * The error of an answer of the sidecar that is not a success.
 *
 * @see https://docs.dapr.io/reference/errors/
 */
export function badAnswer(place: RequestPlace, answer: FailedAnswer): SidecarError {
  const unknown =
    answer.status === 404
      ? { errorCode: "ERR_DAPR_RESOURCE_DOES_NOT_EXIST", message: "resource does not exist or is not configured" }
      : { errorCode: "ERR_UNKNOWN", message: "no message given" };
  return answerError(place, answer, unknown);
}

/**
 * The error of an invocation that was answered with anything but 2xx. daprd hands on what the callee said, and answers
 * itself, with an `errorCode` of its own, where it cannot reach it.
 */
export function calleeFailure(place: RequestPlace, answer: FailedAnswer): SidecarError {
  return answerError(place, answer, { errorCode: "ERR_CALLEE_FAILED", message: "no message given" });
}

function answerError(
  place: RequestPlace,
  { status, headers, body }: FailedAnswer,
  unknown: { readonly errorCode: string; readonly message: string },
): SidecarError {
  const said = { status, headers: flat(headers), body, isAnswer: true };
  if (status >= 300 && status < 400) {
    return sidecarError(place, { ...said, ...unknown, message: "redirect not followed" });
  }
  if (body.length === 0) return sidecarError(place, { ...said, ...unknown });
  const json = parsed(body);
  if (typeof json?.value !== "object" || json.value === null || Array.isArray(json.value)) {
    // A JSON string is its text; what is neither JSON nor text is not shown.
    const text = typeof json?.value === "string" ? json.value : textIn(body, said.headers["content-type"]);
    const message = text === "" ? unknown.message : text.slice(0, longest);
    return sidecarError(place, { ...said, errorCode: textCode(unknown.errorCode), message });
  }
  const { errorCode, message, detail, title, error, details } = json.value as Record<string, unknown>;
  // The second and third are those of problem details: https://www.rfc-editor.org/rfc/rfc9457. Others nest theirs.
  const text = [message, detail, title, error, memberOf(error, "message")].find(isText) ?? unknown.message;
  return sidecarError(place, {
    ...said,
    errorCode: isText(errorCode) ? errorCode : unknown.errorCode,
    message: text.slice(0, longest),
    details,
  });
}

/** A body as text, in the charset that its label names where it is not UTF-8; nothing where it is none. */
function textIn(body: Buffer, contentType = ""): string {
  if (isUtf8(body)) return body.toString();
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1];
  try {
    return charset === undefined ? "" : new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return "";
  }
}

/** A sidecar that answers with text says more than that something does not exist. */
function textCode(errorCode: string): string {
  return errorCode === "ERR_CALLEE_FAILED" ? errorCode : "ERR_UNKNOWN";
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Headers by name; several of one name are joined with a comma. */
export function flat(headers: Answer["headers"]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return result;
}

interface FailedEntry {
  readonly entryId: string;
  readonly error: string;
}

function isFailedEntry(entry: unknown): entry is FailedEntry {
  return typeof (entry as FailedEntry | null)?.entryId === "string";
}

/**
 * The error of a bulk publish of which some entries were refused; undefined for any other answer. `details` holds
 * `failedEntries`, `accepted` counts the others.
 */
export function partialFailure(
  place: RequestPlace,
  { status, body }: FailedAnswer,
  entries: number,
): SidecarError | undefined {
  const answer = parsed(body)?.value as { failedEntries?: unknown; errorCode?: unknown } | null | undefined;
  if (!Array.isArray(answer?.failedEntries)) return undefined;
  const failedEntries = answer.failedEntries.filter(isFailedEntry);
  const first = failedEntries[0];
  if (first === undefined) return undefined;
  return sidecarError(place, {
    status,
    errorCode: typeof answer.errorCode === "string" ? answer.errorCode : "ERR_UNKNOWN",
    message: `${failedEntries.length} of ${entries} entries failed, entry ${first.entryId} with: ${String(first.error).slice(0, longest)}`,
    isAnswer: true,
    details: { failedEntries },
    accepted: Math.max(0, entries - failedEntries.length),
  });
}

/** The error of one of several entries that are published singly, when so many before it were. */
export function withAccepted(error: SidecarError, accepted: number): SidecarError {
  const { status, errorCode, message, operation, target, details, retryable, headers, body, cause } = error;
  const kept = { status, errorCode, message, operation, target, details, retryable, headers, body };
  return new SidecarError({ ...kept, accepted, cause });
}

function parsed(body: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString()) };
  } catch {
    return undefined;
  }
}
