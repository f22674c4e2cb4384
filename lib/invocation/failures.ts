import { isDaprFunctionsError, type PayloadIssue } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";

/** Why an invocation failed, as callers and logs are told. */
export interface Failure {
  /** True when the payload is to blame, which no repetition mends. */
  readonly isPayloads: boolean;
  readonly errorCode: string;
  readonly message: string;
  readonly issues?: readonly PayloadIssue[] | undefined;
  /** Where the user's own code threw; for logs only. */
  readonly stack?: string | undefined;
}

/** The body of a failed invocation's reply, members in the order in which they are sent. */
export interface FailureBody {
  readonly errorCode: string;
  readonly message: string;
  readonly functionName: string;
  readonly invocationId: string;
  readonly issues?: readonly PayloadIssue[];
}

/** Reads whatever was thrown, which need not be an error, nor readable. */
export function failureOf(thrown: unknown): Failure {
  try {
    return readFailure(thrown);
  } catch {
    return { isPayloads: false, errorCode: "ERR_FUNCTION_FAILED", message: "the function threw what cannot be read" };
  }
}

export function failureBody(failure: Failure, definition: FunctionDefinition, invocationId: string): FailureBody {
  const { errorCode, message, issues } = failure;
  const body = { errorCode, message, functionName: definition.name, invocationId };
  return issues === undefined ? body : { ...body, issues };
}

function readFailure(thrown: unknown): Failure {
  const { message, code, issues, stack } = (
    typeof thrown === "object" && thrown !== null ? thrown : { message: thrown }
  ) as Record<"message" | "code" | "issues" | "stack", unknown>;
  const failure = {
    isPayloads: false,
    errorCode: "ERR_FUNCTION_FAILED",
    message: typeof message === "string" ? message : "the function threw a value that is no error",
  };
  if (isDaprFunctionsError(thrown) && thrown.name !== "PayloadError") return { ...failure, errorCode: thrown.code };
  // Only then may the code be read: a sidecar's answer bears any code, that of a callee's invalid payload too.
  if (code === "ERR_PAYLOAD_INVALID") {
    const list = Array.isArray(issues) ? (issues as PayloadIssue[]) : [];
    return { ...failure, isPayloads: true, errorCode: code, issues: list };
  }
  if (isDaprFunctionsError(thrown)) return { ...failure, isPayloads: true, errorCode: thrown.code };
  return { ...failure, stack: typeof stack === "string" ? stack : undefined };
}
