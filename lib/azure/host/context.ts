import type { InvocationContext } from "../../model/invocation.js";

/** What is used of the v3 model's context. */
export interface V3Context {
  /** New for each delivery. */
  readonly invocationId: string;
  /** Names of the function, and how often it was retried. */
  readonly executionContext?: { readonly functionName?: string | undefined } | undefined;
  /** Inputs by name, and where outputs are put. */
  readonly bindings: Record<string, unknown>;
  /** The request of an HTTP trigger. */
  readonly req?: unknown;
  /** What the host says of the trigger. */
  readonly bindingData?: Readonly<Record<string, unknown>> | undefined;
  /** W3C trace context of the trigger. */
  readonly traceContext?: V3TraceContext | undefined;
  /** Writes a line. */
  readonly log: V3Log;
}

/** What the v3 model says of the trace that an invocation belongs to; its versions spell the names in two ways. */
export interface V3TraceContext {
  /** W3C `traceparent`. */
  readonly traceparent?: string | null | undefined;
  /** W3C `traceparent`. */
  readonly traceParent?: string | null | undefined;
  /** W3C `tracestate`. */
  readonly tracestate?: string | null | undefined;
  /** W3C `tracestate`. */
  readonly traceState?: string | null | undefined;
  /** What the host adds for its telemetry. */
  readonly attributes?: Record<string, string> | null | undefined;
}

/** The log of the v3 model: called itself, it writes a line of information. */
export interface V3Log {
  (...args: unknown[]): void;
  /** Writes an error. */
  readonly error?: (...args: unknown[]) => void;
  /** Writes a warning. */
  readonly warn?: (...args: unknown[]) => void;
  /** Writes a line of information. */
  readonly info?: (...args: unknown[]) => void;
  /** Writes a line for who looks for a mistake. */
  readonly verbose?: (...args: unknown[]) => void;
}

/** What is used of the v4 model's context; written here, since types of the package are not there for users of the v3 model. */
export interface V4Context {
  readonly invocationId: string;
  readonly functionName: string;
  readonly triggerMetadata?: Record<string, unknown> | undefined;
  readonly traceContext?:
    | {
        readonly traceParent?: string | undefined;
        readonly traceState?: string | undefined;
        readonly attributes?: object | undefined;
      }
    | undefined;
  readonly extraInputs: { get(name: string): unknown };
  readonly extraOutputs: { set(name: string, value: unknown): void };
  log(...args: unknown[]): void;
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  error(...args: unknown[]): void;
  debug(...args: unknown[]): void;
}

/** The Functions host does not tell an invocation that it is to stop. One each, since listeners stay with their signal. */
function neverAborted(): Pick<InvocationContext, "signal" | "stopping"> {
  return { signal: new AbortController().signal, stopping: new AbortController().signal };
}

export function fromV3Context(context: V3Context, functionName: string): InvocationContext {
  const { log, traceContext } = context;
  return {
    invocationId: context.invocationId,
    functionName: context.executionContext?.functionName ?? functionName,
    triggerMetadata: context.bindingData ?? {},
    ...neverAborted(),
    attempt: 1,
    traceContext: traceContext && {
      traceParent: traceContext.traceparent ?? traceContext.traceParent ?? undefined,
      traceState: traceContext.tracestate ?? traceContext.traceState ?? undefined,
      attributes: traceContext.attributes ?? undefined,
    },
    log: (...args) => log(...args),
    info: (...args) => (log.info ?? log)(...args),
    warn: (...args) => (log.warn ?? log)(...args),
    error: (...args) => (log.error ?? log)(...args),
    debug: (...args) => (log.verbose ?? log)(...args),
  };
}

export function fromV4Context(context: V4Context): InvocationContext {
  const { traceContext } = context;
  return {
    invocationId: context.invocationId,
    functionName: context.functionName,
    triggerMetadata: context.triggerMetadata ?? {},
    ...neverAborted(),
    attempt: 1,
    traceContext: traceContext && {
      traceParent: traceContext.traceParent,
      traceState: traceContext.traceState,
      attributes: traceContext.attributes as Record<string, string> | undefined,
    },
    log: (...args) => context.log(...args),
    info: (...args) => context.info(...args),
    warn: (...args) => context.warn(...args),
    error: (...args) => context.error(...args),
    debug: (...args) => context.debug(...args),
  };
}
