import { InvocationError, isDaprFunctionsError, type PayloadIssue, type SentItems } from "../model/errors.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { causesOf, memberOf, messageOf, stackOf } from "../model/thrown.js";
import { jsonReply, type TopicOutcome, type WireReply } from "./reply.js";

/** Why an invocation failed, and what that means to its caller. */
export interface Failure {
  /** What answers the caller; undefined where an event is answered with what becomes of it. */
  readonly status: number | undefined;
  /** What becomes of an event. */
  readonly outcome: Exclude<TopicOutcome, "SUCCESS">;
  /** Code of the error. */
  readonly errorCode: string;
  /** What callers are told; undefined where it could be anything and the callers anyone. */
  readonly message: string | undefined;
  /** What is wrong with the payload, place by place. */
  readonly issues: readonly PayloadIssue[] | undefined;
  /** Seconds after which the caller may try again. */
  readonly retryAfter: number | undefined;
  /** True when the payload is to blame, which no repetition mends. */
  readonly isPayloads: boolean;
  /** For logs only: where the function's own code threw, and what caused that, else the message. */
  readonly detail: string;
  /** For logs only: what the causes of an error of the function's own code say; undefined where it has none. */
  readonly cause: string | undefined;
}

/** The body of a failed invocation's reply, members in the order in which they are sent. */
export interface FailureBody {
  readonly errorCode: string;
  readonly message?: string | undefined;
  readonly functionName: string;
  readonly invocationId: string;
  readonly issues?: readonly PayloadIssue[] | undefined;
}

/** Codes that decide the status beside those of a payload. */
type DecisiveCode = "ERR_STATE_CONFLICT" | "ERR_QUEUE_FULL" | "ERR_INVOCATION_TIMEOUT" | "ERR_APP_STOPPED";

type Blame = "payload" | DecisiveCode | "other";

function everywhere(status: number): Readonly<Record<string, number>> {
  return {
    daprServiceInvocationTrigger: status,
    httpTrigger: status,
    daprTopicTrigger: status,
    daprBindingTrigger: status,
  };
}

/** The statuses that answer a failure, by the type of the trigger. An event whose payload is to blame has none. */
const statuses: Readonly<Record<Blame, Readonly<Record<string, number>>>> = {
  payload: { daprServiceInvocationTrigger: 400, httpTrigger: 400, daprBindingTrigger: 500 },
  ERR_STATE_CONFLICT: { daprServiceInvocationTrigger: 409, httpTrigger: 409 },
  ERR_QUEUE_FULL: everywhere(503),
  ERR_APP_STOPPED: everywhere(503),
  ERR_INVOCATION_TIMEOUT: { daprServiceInvocationTrigger: 504, httpTrigger: 504 },
  other: {},
};

/** Seconds after which a caller may try again that this app could not take. */
export const retrySoon = 1;

const decisive = new WeakSet<object>();

/**
 * An error whose code decides what the caller is answered. Only an invocation's own steps make one: the same code on an
 * error from elsewhere, as a callee's own conflict, is a failure like any other.
 */
export function decisiveError(
  code: DecisiveCode,
  message: string,
  options?: { sent?: readonly SentItems[]; cause?: unknown },
): InvocationError {
  const error = new InvocationError(code, message, options);
  decisive.add(error);
  return error;
}

export function isDecisive(error: unknown): error is InvocationError & { readonly code: DecisiveCode } {
  return typeof error === "object" && error !== null && decisive.has(error);
}

/** Reads whatever was thrown, which need not be an error, nor readable. */
export function failureOf(thrown: unknown, { trigger }: Pick<FunctionDefinition, "trigger">): Failure {
  const { blame, errorCode, message, issues, detail, cause } = read(thrown);
  const isPayloads = blame === "payload";
  const isTopic = trigger.generic !== true && trigger.type === "daprTopicTrigger";
  // An event that is invalid is not worth repeating: it goes where somebody may look at it, or stays with the broker.
  const isDropped = isPayloads && isTopic && trigger.deadLetterTopic !== undefined;
  // Anyone may call an HTTP function, and what it threw may hold anything: a query, an address, a stored value.
  const isSecret = blame === "other" && trigger.type === "httpTrigger";
  return {
    status: isPayloads && isTopic ? undefined : (statuses[blame][trigger.type] ?? 500),
    outcome: isDropped ? "DROP" : "RETRY",
    errorCode,
    message: isSecret ? undefined : message,
    issues,
    retryAfter: blame === "ERR_QUEUE_FULL" || blame === "ERR_APP_STOPPED" ? retrySoon : undefined,
    isPayloads,
    detail: detail ?? message,
    cause,
  };
}

/** What answers a failed invocation. */
export function failureAnswer(
  failure: Failure,
  definition: FunctionDefinition,
  invocationId: string,
): WireReply | TopicOutcome {
  const { status, outcome, retryAfter } = failure;
  if (status === undefined) return outcome;
  return jsonReply(status, failureBody(failure, definition, invocationId), retryHeaders(retryAfter));
}

/** @param seconds after which the caller may try again */
export function retryHeaders(seconds: number | undefined): WireReply["headers"] {
  return seconds === undefined ? [] : [["retry-after", String(seconds)]];
}

export function failureBody(
  { errorCode, message, issues }: Pick<FailureBody, "errorCode" | "message" | "issues">,
  { name }: FunctionDefinition,
  invocationId: string,
): FailureBody {
  return { errorCode, message, functionName: name, invocationId, issues };
}

/** For logs: where a value was thrown, else what it says, and the same of what caused it. */
export function detailOf(thrown: unknown): string {
  const own = (each: unknown): string => stackOf(each) ?? messageOf(each);
  // Indented as a stack is, which a log leaves as it is.
  return [own(thrown), ...causesOf(thrown).map((cause) => `caused by: ${own(cause)}`)].join("\n    ");
}

interface Read {
  readonly blame: Blame;
  readonly errorCode: string;
  readonly message: string;
  readonly issues?: readonly PayloadIssue[] | undefined;
  readonly detail?: string | undefined;
  readonly cause?: string | undefined;
}

function read(thrown: unknown): Read {
  const message = messageOf(thrown);
  if (isDecisive(thrown)) return { blame: thrown.code, errorCode: thrown.code, message };
  const code = isOfThisLibrary(thrown) ? memberOf(thrown, "code") : undefined;
  if (typeof code !== "string") {
    const cause = causesOf(thrown).map(messageOf).join(", caused by ") || undefined;
    return { blame: "other", errorCode: "ERR_FUNCTION_FAILED", message, detail: detailOf(thrown), cause };
  }
  // By its name, as its class may be of another copy. A sidecar's answer bears any code, a callee's refusal too.
  if (memberOf(thrown, "name") !== "PayloadError") return { blame: "other", errorCode: code, message };
  const issues = issuesOf(memberOf(thrown, "issues"));
  const isInvalid = code === "ERR_PAYLOAD_INVALID";
  return { blame: "payload", errorCode: code, message, issues: isInvalid ? issues : undefined };
}

function isOfThisLibrary(thrown: unknown): boolean {
  try {
    return isDaprFunctionsError(thrown);
  } catch {
    return false;
  }
}

/** The issues as plain text: what a validator of the application's own put there need not be JSON. */
function issuesOf(issues: unknown): PayloadIssue[] {
  const shown: PayloadIssue[] = [];
  try {
    if (!Array.isArray(issues)) return shown;
    for (const issue of issues as unknown[]) {
      shown.push({ path: textAt(issue, "path"), message: textAt(issue, "message"), rule: textAt(issue, "rule") });
    }
  } catch {
    // A proxy: what it has said until then has to do.
  }
  return shown;
}

function textAt(issue: unknown, name: string): string {
  const value = memberOf(issue, name);
  return typeof value === "string" ? value : "";
}
