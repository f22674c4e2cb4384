import { randomUUID } from "node:crypto";
import type { BindingData } from "../expressions/template.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { AppLog, InvocationContext, InvocationRequest, Log, TraceContext } from "../model/invocation.js";
import { InvocationError } from "../model/errors.js";
import { onAbort } from "../model/abort.js";
import type { Invocation } from "./binding-host.js";
import type { IncomingRequest } from "./observer.js";
import { FollowedSignal, type Moment } from "./moment.js";
import { OwnParts, withoutToken, type RequestParts } from "./requests.js";
import { traceHeadersOf, type TraceAttributes } from "./trace-headers.js";

/** What all invocations of one app share. */
export interface AppScope {
  readonly log: AppLog;
  /** The app was told to stop. */
  readonly stopping: Moment;
  /** The time is over that invocations have to finish after that. */
  readonly givenUp: Moment;
  /** Aborted somewhat later: what is done by then may still send its outputs. */
  readonly signal: AbortSignal;
}

/** What an invocation may ask of the request that triggered it. */
export interface TriggeringRequest extends Pick<RequestParts, "headers"> {
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** All of it; left out where a host does not have it as it came. */
  readonly incoming?: IncomingRequest | undefined;
  /** Calls back when the caller goes away; left out where a server cannot tell. Returns what ends that. */
  onGone?(listener: () => void): () => void;
}

/** A request that its caller wrote, rather than a sidecar on behalf of a component. */
type CallersRequest = TriggeringRequest & Omit<InvocationRequest, "headers">;

const noData: BindingData = Object.freeze({});

/** One call of a function by a request. Its parts are made when they are first asked for: many functions need none. */
export class TriggerInvocation<Request extends TriggeringRequest = TriggeringRequest> implements Invocation {
  bindingData: BindingData = noData;
  event: Invocation["event"] = undefined;
  /** An event's own trace context, which counts where the request has none. */
  attributes: TraceAttributes | undefined = undefined;
  watch: Invocation["watch"] = undefined;
  #attempt = 1;
  expiry: Invocation["expiry"] = undefined;
  isSending = false;
  /** Of a bulk request: the entry that this invocation is of. */
  entry: unknown = undefined;
  #limit: FollowedSignal | undefined;
  #callers: FollowedSignal | undefined;
  #stopping: FollowedSignal | undefined;
  #isOver = false;
  #id: string | undefined;
  #log: Log | undefined;
  #trace: Readonly<Record<string, string>> | null | undefined = null;

  constructor(
    readonly definition: FunctionDefinition,
    readonly scope: AppScope,
    readonly request: Request,
  ) {}

  get id(): string {
    return (this.#id ??= randomUUID());
  }

  get incoming(): IncomingRequest | undefined {
    const { incoming } = this.request;
    return incoming === undefined || this.entry === undefined ? incoming : { ...incoming, entry: this.entry };
  }

  get attempt(): number {
    return this.#attempt;
  }

  set attempt(attempt: number) {
    this.#attempt = attempt;
    // Its lines say which attempt they are of.
    if (attempt > 1) this.#log = undefined;
  }

  /** Shared with other invocations unless a time limit makes it this one's. */
  get signal(): AbortSignal {
    const { expiry } = this;
    if (expiry === undefined) return this.scope.signal;
    const { signal } = this.scope;
    this.#limit ??= this.#followed((abort) => {
      if (signal.aborted) abort(signal.reason as Error);
      const stops = [onAbort(signal, () => abort(signal.reason as Error)), expiry.when(abort)];
      return () => stops.forEach((stop) => stop());
    });
    return this.#limit.signal;
  }

  /** Aborted when nobody waits for the answer any more. */
  get callersSignal(): AbortSignal {
    return (this.#callers ??= this.#followed((abort) => this.whenUnwanted(abort))).signal;
  }

  /** Aborted when the app is told to stop. */
  get stoppingSignal(): AbortSignal {
    return (this.#stopping ??= this.#followed((abort) => this.scope.stopping.when(abort))).signal;
  }

  whenUnwanted(listener: (reason: Error) => void): () => void {
    const gone = (): void =>
      listener(new InvocationError("ERR_CALLER_GONE", "the caller has gone and waits for no answer"));
    const stops = [this.request.onGone?.(gone), this.expiry?.when(listener), this.scope.givenUp.when(listener)];
    return () => stops.forEach((stop) => stop?.());
  }

  ended(): void {
    this.#isOver = true;
    this.#callers?.letGo();
    this.#stopping?.letGo();
    this.#limit?.letGo();
  }

  #followed(follow: ConstructorParameters<typeof FollowedSignal>[0]): FollowedSignal {
    const followed = new FollowedSignal(follow);
    if (this.#isOver) followed.letGo();
    return followed;
  }

  get traceHeaders(): Readonly<Record<string, string>> | undefined {
    if (this.#trace === null) this.#trace = traceHeadersOf((name) => this.request.header(name), this.attributes);
    return this.#trace;
  }

  /** Its lines say whose they are. */
  get log(): Log {
    return (this.#log ??= this.scope.log.of({
      function: this.definition.name,
      invocationId: this.id,
      traceId: this.traceHeaders?.["traceparent"]?.split("-")[1],
      ...(this.#attempt > 1 && { attempt: this.#attempt }),
    }));
  }

  /** Made at each use: an invocation hands it to the method, and that is all. */
  get context(): InvocationContext {
    return new TriggerContext(this);
  }
}

/** The triggers whose callers write the request themselves. */
const withRequest: ReadonlySet<string> = new Set(["daprServiceInvocationTrigger", "httpTrigger"]);

/** What a context says of a request: all but the token with which the sidecar proves itself. */
class ContextRequest implements InvocationRequest {
  readonly #request: CallersRequest;
  readonly #changeable: Pick<InvocationRequest, "query" | "params" | "headers">;
  #headers: Headers | undefined;

  /** @param runsAgain true where the method may run once more, with the request as it came */
  constructor(request: CallersRequest, runsAgain: boolean) {
    this.#request = request;
    this.#changeable = runsAgain ? new OwnParts(request) : request;
  }

  get method(): string {
    return this.#request.method;
  }

  get path(): string {
    return this.#request.path;
  }

  get query(): URLSearchParams {
    return this.#changeable.query;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#changeable.params;
  }

  get headers(): Headers {
    return (this.#headers ??= withoutToken(this.#changeable.headers));
  }
}

class TriggerContext implements InvocationContext {
  readonly #invocation: TriggerInvocation;
  #metadata: Readonly<Record<string, unknown>> | undefined;
  #request: InvocationRequest | undefined;

  constructor(invocation: TriggerInvocation) {
    this.#invocation = invocation;
  }

  get invocationId(): string {
    return this.#invocation.id;
  }

  get functionName(): string {
    return this.#invocation.definition.name;
  }

  get signal(): AbortSignal {
    return this.#invocation.callersSignal;
  }

  get stopping(): AbortSignal {
    return this.#invocation.stoppingSignal;
  }

  get attempt(): number {
    return this.#invocation.attempt;
  }

  get request(): InvocationRequest | undefined {
    const { definition, request } = this.#invocation;
    if (!withRequest.has(definition.trigger.type)) return undefined;
    return (this.#request ??= new ContextRequest(request as CallersRequest, definition.entries.length > 0));
  }

  get triggerMetadata(): Readonly<Record<string, unknown>> {
    if (this.#metadata === undefined) {
      this.#metadata = Object.fromEntries(withoutToken(this.#invocation.request.headers));
    }
    return this.#metadata;
  }

  get traceContext(): TraceContext | undefined {
    const { traceparent, tracestate, ...attributes } = this.#invocation.traceHeaders ?? {};
    return traceparent === undefined ? undefined : { traceParent: traceparent, traceState: tracestate, attributes };
  }

  log(...args: unknown[]): void {
    this.#invocation.log.log(...args);
  }

  info(...args: unknown[]): void {
    this.#invocation.log.info(...args);
  }

  warn(...args: unknown[]): void {
    this.#invocation.log.warn(...args);
  }

  error(...args: unknown[]): void {
    this.#invocation.log.error(...args);
  }

  debug(...args: unknown[]): void {
    this.#invocation.log.debug(...args);
  }
}
