/**
 * Every error that this library throws and the list of their codes.
 *
 * Compare errors by `code`, not by `instanceof`: two copies of the library may be loaded. Codes in kebab-case are
 * problems found before the first request; codes that start with `ERR_` are errors of one invocation.
 */

/** Codes of the errors an invocation can end with. A {@link SidecarError} carries the sidecar's own code instead. */
export type InvocationErrorCode =
  | "ERR_APP_STOPPED"
  | "ERR_BINDING_DATA"
  | "ERR_BODY_CONSUMED"
  | "ERR_CALLEE_FAILED"
  | "ERR_CALLER_GONE"
  | "ERR_CONTENT_ENCODING"
  | "ERR_COLLECTOR_CLOSED"
  | "ERR_DAPR_BAD_REQUEST"
  | "ERR_FUNCTION_FAILED"
  | "ERR_FUNCTION_NOT_FOUND"
  | "ERR_INVOCATION_TIMEOUT"
  | "ERR_MALFORMED_REQUEST"
  | "ERR_METHOD_NOT_ALLOWED"
  | "ERR_OVERRIDE_UNSUPPORTED"
  | "ERR_PAYLOAD_INVALID"
  | "ERR_PAYLOAD_TOO_LARGE"
  | "ERR_QUEUE_FULL"
  | "ERR_REPLY_INVALID"
  | "ERR_RETRY_REQUESTED"
  | "ERR_STATE_CONFLICT"
  | "ERR_UNAUTHORIZED"
  | "ERR_VALUE_INVALID";

/** Codes of the problems that `readFunctions`, `serve`, `register`, `check` and `generate` report. */
export type ProblemCode =
  | "address-in-use"
  | "auth-level-ignored"
  | "binding-name-duplicate"
  | "binding-name-invalid"
  | "binding-name-reserved"
  | "binding-type-invalid"
  | "bindings-changed"
  | "build-missing"
  | "bundle-and-project"
  | "bundle-missing"
  | "bundle-without-dapr"
  | "component-invalid"
  | "component-out-of-scope"
  | "component-unknown"
  | "constructor-arguments"
  | "decorator-repeated"
  | "direction-invalid"
  | "entry-with-client"
  | "expression-in-trigger"
  | "expression-invalid"
  | "expression-prefix"
  | "expression-unchecked"
  | "expression-without-data"
  | "folder-not-ours"
  | "function-missing"
  | "function-name-duplicate"
  | "function-name-invalid"
  | "functions-none"
  | "host-json-invalid"
  | "host-only"
  | "main-missing"
  | "metadata-unavailable"
  | "method-unsupported"
  | "model-mixed"
  | "module-outside-app"
  | "option-empty"
  | "option-invalid"
  | "option-missing"
  | "option-standalone-only"
  | "option-unknown"
  | "payload-text-parsed"
  | "payload-type-lost"
  | "payload-packages"
  | "payload-unchecked"
  | "peer-missing"
  | "retry-discouraged"
  | "retry-ignored"
  | "retry-invalid"
  | "route-duplicate"
  | "route-invalid"
  | "route-reserved"
  | "runtime-unsupported"
  | "setting-invalid"
  | "setting-missing"
  | "setting-unclosed"
  | "state-entries-etags"
  | "state-entries-redis"
  | "state-entries-stores"
  | "state-pair-unguarded"
  | "storage-missing"
  | "subscription-duplicate"
  | "topic-out-of-scope"
  | "trigger-missing"
  | "trigger-multiple";

const brand = Symbol.for("dapr-functions/error");

/** Base of all errors of this library: an `Error` with a stable `code`. */
export class DaprFunctionsError extends Error {
  /** Name of the class, the same in every loaded copy of the library. */
  override readonly name: string = "DaprFunctionsError";
  /** What went wrong, to be compared with. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for an error of any loaded copy of this library. */
export function isDaprFunctionsError(error: unknown): error is DaprFunctionsError {
  return error instanceof Error && brand in error;
}

/** One thing wrong with the functions of an app: where it is, what it is, and what to do. */
export interface Problem {
  /** What kind of problem it is, to be compared with. */
  readonly code: ProblemCode;
  /** An error keeps the app from starting, a warning does not. */
  readonly level: "error" | "warning";
  /** Name of the class; `undefined` where a problem concerns the app as a whole. */
  readonly class: string | undefined;
  /** Name of the method; `undefined` where a problem concerns more than one. */
  readonly method: string | undefined;
  /** The module, relative to the working directory; only the command line knows it. */
  readonly file?: string | undefined;
  /** `trigger`, `input` or `output`, a space, and the binding's name in quotes: `output "order"`. */
  readonly binding?: string | undefined;
  /** The option concerned, spelt as in function.json. */
  readonly member?: string | undefined;
  /** `<Class>.<method>[, <binding>[, <member>]]: <what>; <what to do>`, without level and code. */
  readonly message: string;
}

/** The app cannot start. `code` is that of the first problem, `problems` holds all of them. */
export class DefinitionError extends DaprFunctionsError {
  /** `DefinitionError` */
  override readonly name: string = "DefinitionError";
  /** Everything that is wrong, in the order in which it was found. */
  declare readonly problems: readonly Problem[];

  constructor(problems: readonly [Problem, ...Problem[]], options?: { cause?: unknown }) {
    super(problems[0].code, problems.map((problem) => `${problem.code}: ${problem.message}`).join("\n"), options);
    // Node prints an uncaught error's own members below its message, which has all of this.
    Object.defineProperty(this, "problems", { value: problems });
  }
}

/** What is wrong with one place of a payload. */
export interface PayloadIssue {
  /** Where in the payload, as one writes it in code: `items[2].price`; empty for the payload itself. */
  readonly path: string;
  /** What is wrong, in words. */
  readonly message: string;
  /** The rule that was broken, as its validator calls it: `isPositive`, `invalid_type`. */
  readonly rule: string;
}

/**
 * The caller's fault: a payload that is malformed (`ERR_MALFORMED_REQUEST`), does not validate
 * (`ERR_PAYLOAD_INVALID`, with `issues`) or lacks what an expression needs (`ERR_BINDING_DATA`). Answered 400 to
 * service invocation and HTTP.
 */
export class PayloadError extends DaprFunctionsError {
  /** `PayloadError` */
  override readonly name: string = "PayloadError";
  /** What is wrong with the payload, place by place. */
  readonly issues: readonly PayloadIssue[];

  constructor(
    code: InvocationErrorCode,
    message: string,
    options?: { issues?: readonly PayloadIssue[]; cause?: unknown },
  ) {
    super(code, message, options);
    this.issues = options?.issues ?? [];
  }
}

/** What an output had sent when a flush failed; `items` is a count. */
export interface SentItems {
  /** Name of the output. */
  readonly output: string;
  /** How many of its items were sent. */
  readonly items: number;
}

/** This invocation fails; Dapr or the caller may repeat it. `sent` says what had already been sent by then. */
export class InvocationError extends DaprFunctionsError {
  /** `InvocationError` */
  override readonly name: string = "InvocationError";
  /** What had been sent when it failed, by output. */
  readonly sent: readonly SentItems[];

  constructor(
    code: InvocationErrorCode | (string & {}),
    message: string,
    options?: { sent?: readonly SentItems[]; cause?: unknown },
  ) {
    super(code, message, options);
    this.sent = options?.sent ?? [];
  }
}

/** What a {@link SidecarError} is made of. */
export interface SidecarErrorInit {
  /** Of the answer. */
  readonly status: number;
  /** Dapr's, or the callee's. */
  readonly errorCode: string;
  /** What is wrong, in words. */
  readonly message: string;
  /** The request that failed: `POST /v1.0/publish/bus/orders`. */
  readonly operation: string;
  /** The address of the sidecar: `http://127.0.0.1:3500`. */
  readonly target: string;
  /** What Dapr says beside the message. */
  readonly details?: unknown;
  /** Whether the same request may succeed later; by status and code unless given. */
  readonly retryable?: boolean | undefined;
  /** How many items of the request were accepted all the same (bulk publish). */
  readonly accepted?: number | undefined;
  /** Those of the answer, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of the answer, at most 1 MiB. */
  readonly body?: Uint8Array | undefined;
  /** What led to it. */
  readonly cause?: unknown;
}

/**
 * Dapr said no, or nothing. `code` equals `errorCode`; `status` is the sidecar's, 503 when there is no sidecar and 500
 * when a request got no answer. `retryable` informs callers and logs; nothing here retries.
 *
 * Of an invocation, status, headers and body are those of the application that was called; its `errorCode` is the one
 * that it sent, else `ERR_CALLEE_FAILED`.
 *
 * @see https://docs.dapr.io/reference/errors/
 */
export class SidecarError extends DaprFunctionsError {
  /** `SidecarError` */
  override readonly name: string = "SidecarError";
  /** Of the answer; 503 where there is no sidecar, 500 where there was no answer. */
  readonly status: number;
  /** Dapr's, or the callee's; equal to `code`. */
  readonly errorCode: string;
  /** The request that failed: `POST /v1.0/publish/bus/orders`. */
  readonly operation: string;
  /** Address of the sidecar. */
  readonly target: string;
  /** What Dapr says beside the message. */
  readonly details: unknown;
  /** True where the same request may succeed later. */
  readonly retryable: boolean;
  /** How many items of the request were accepted all the same (bulk publish). */
  readonly accepted: number;
  /** Of the answer, by their names in lower case; none where there was no answer. */
  declare readonly headers: Readonly<Record<string, string>>;
  /** Of the answer, at most 1 MiB; empty where there was no answer. */
  declare readonly body: Uint8Array;

  constructor(init: SidecarErrorInit) {
    super(init.errorCode, init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.errorCode = init.errorCode;
    this.operation = init.operation;
    this.target = init.target;
    this.details = init.details;
    this.retryable = init.retryable ?? isRetryable(init.status, init.errorCode);
    this.accepted = init.accepted ?? 0;
    // What others sent is for those who ask for it: it is not printed with the error.
    const hidden = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
    Object.defineProperties(this, { headers: hidden(init.headers ?? {}), body: hidden(init.body ?? new Uint8Array()) });
  }

  /** The body as JSON; undefined where it is not JSON in UTF-8. */
  get value(): unknown {
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(this.body));
    } catch {
      return undefined;
    }
  }
}

function isRetryable(status: number, errorCode: string): boolean {
  return [408, 429, 500, 502, 503, 504].includes(status) && !errorCode.endsWith("_NOT_CONFIGURED");
}
