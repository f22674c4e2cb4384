import { SidecarError } from "../../model/errors.js";

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
  readonly details?: unknown;
  readonly accepted?: number;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** An error whose message starts with binding and request. */
export function sidecarError(place: RequestPlace, failure: Failure): SidecarError {
  const { binding, operation, target } = place;
  return new SidecarError({
    ...failure,
    operation,
    target,
    message: `${binding === undefined ? "" : `${binding}, `}${operation}: ${failure.message}`,
  });
}

/** True where nothing listens: no byte of the request was sent. */
export function isRefused(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ECONNREFUSED";
}

/** The error of a request that got no answer. */
export function noAnswer(place: RequestPlace, cause: unknown): SidecarError {
  if (isRefused(cause)) {
    return sidecarError(place, {
      status: 503,
      errorCode: "ERR_DAPR_SIDECAR_DOES_NOT_EXIST",
      message: `no sidecar at ${place.target}`,
      retryable: true,
      cause,
    });
  }
  return sidecarError(place, {
    status: 500,
    errorCode: "ERR_DAPR_REQUEST_FAILED",
    message: cause instanceof Error && cause.message !== "" ? cause.message : "the request failed",
    retryable: true,
    cause,
  });
}

const longest = 1000;

/**
 * The error of an answer that is no success.
 *
 * @see https://docs.dapr.io/reference/errors/
 */
export function badAnswer(place: RequestPlace, status: number, body: string): SidecarError {
  if (status >= 300 && status < 400) {
    return sidecarError(place, { status, errorCode: "ERR_UNKNOWN", message: "redirect not followed" });
  }
  const unknown =
    status === 404
      ? { errorCode: "ERR_DAPR_RESOURCE_DOES_NOT_EXIST", message: "resource does not exist or is not configured" }
      : { errorCode: "ERR_UNKNOWN", message: "no message given" };
  if (body === "") return sidecarError(place, { status, ...unknown });
  const json = parsed(body);
  if (json === undefined) {
    const message = `${body.slice(0, longest)} (not a valid JSON object)`;
    return sidecarError(place, { status, errorCode: "ERR_UNKNOWN", message });
  }
  if (typeof json.value !== "object" || json.value === null || Array.isArray(json.value)) {
    return sidecarError(place, { status, errorCode: "ERR_UNKNOWN", message: body.slice(0, longest) });
  }
  const { errorCode, message, details } = json.value as Record<string, unknown>;
  return sidecarError(place, {
    status,
    errorCode: typeof errorCode === "string" && errorCode !== "" ? errorCode : unknown.errorCode,
    message: typeof message === "string" && message !== "" ? message : unknown.message,
    details,
  });
}

interface FailedEntry {
  readonly entryId: string;
  readonly error: string;
}

/**
 * The error of a bulk publish of which some entries were refused; undefined for any other answer. `details` holds
 * `failedEntries`, `accepted` counts the others.
 */
export function partialFailure(
  place: RequestPlace,
  status: number,
  body: string,
  entries: number,
): SidecarError | undefined {
  const answer = parsed(body)?.value as { failedEntries?: unknown; errorCode?: unknown } | null | undefined;
  if (!Array.isArray(answer?.failedEntries) || answer.failedEntries.length === 0) return undefined;
  const failedEntries = answer.failedEntries as readonly FailedEntry[];
  const first = failedEntries[0]!;
  return sidecarError(place, {
    status,
    errorCode: typeof answer.errorCode === "string" ? answer.errorCode : "ERR_UNKNOWN",
    message: `${failedEntries.length} of ${entries} entries failed, entry ${first.entryId} with: ${String(first.error).slice(0, longest)}`,
    details: { failedEntries },
    accepted: Math.max(0, entries - failedEntries.length),
  });
}

/** The error of one of several entries that are published singly, when so many before it were. */
export function withAccepted(error: SidecarError, accepted: number): SidecarError {
  const { status, errorCode, message, operation, target, details, retryable, cause } = error;
  return new SidecarError({ status, errorCode, message, operation, target, details, retryable, accepted, cause });
}

function parsed(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return undefined;
  }
}
