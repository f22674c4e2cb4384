import type { ClientBinding, DaprStateEntryBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { InvocationContext } from "../model/invocation.js";
import type { Failure } from "./failures.js";

/** Watches the invocations of an app: logs, telemetry, a recorder and the inspector's page are observers. */
export interface InvocationObserver {
  /**
   * Called when an invocation begins: its payload has been read, or cannot be read.
   *
   * @returns what watches this one; nothing when it is not watched
   */
  start(invocation: ObservedInvocation): InvocationWatch | undefined;
}

/**
 * A request as it came, for whoever shows it or makes it again.
 *
 * @internal
 */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query, as they were written. */
  readonly target: string;
  /** Names and values by turns. */
  readonly rawHeaders: readonly string[];
  /** With its encodings undone. It may be part of a larger buffer: what is kept of it is copied. */
  readonly body: Buffer;
  /** The one entry of a bulk request that this invocation is of. */
  readonly entry?: unknown;
}

/** What an observer sees of an invocation. */
export interface ObservedInvocation {
  /** As `context.invocationId`. */
  readonly id: string;
  /** The function that was invoked. */
  readonly definition: FunctionDefinition;
  /** What the method gets as its third parameter. */
  readonly context: InvocationContext;
  /** Trace context of the trigger, as headers; undefined when it brought none. */
  readonly traceHeaders: Readonly<Record<string, string>> | undefined;
  /** The event that triggered the invocation, where its id is the same in every delivery. */
  readonly event: { readonly source: string; readonly id: string } | undefined;
  /** @internal What triggered it; undefined in hosts that do not have it as it came. Made at each use. */
  readonly incoming?: IncomingRequest | undefined;
}

/**
 * What watches one invocation. Members that are left out cost nothing. `run`, `read`, `call` and `flush` surround a step: they
 * call `next` once and give what it gives, so that a span, or an asynchronous context, may hold the step.
 */
export interface InvocationWatch {
  /** Surrounds all of the invocation. */
  run?<T>(next: () => T): T;
  /** Trace headers for the requests of one step that are about to be sent, in place of the trigger's own. */
  headers?(): Readonly<Record<string, string>> | undefined;
  /** The payload has been read. @param payload as it came: it may yet be refused, or have to wait */
  received?(payload: unknown): void;
  /**
   * It has to wait for its turn where invocations are bounded, or for the key of a state entry.
   *
   * @param turn settles when it waits no more: it is its turn, or nobody waits for its answer
   */
  queued?(turn: Promise<unknown>): void;
  /** Surrounds the reading of an input or a state entry. */
  read?(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown>;
  /** An input that has a `valueType` was read. @param value as it came: it may yet be refused */
  found?(input: InputBinding, value: unknown): void;
  /**
   * Surrounds a call of another application, or of the sidecar, that the method makes.
   *
   * @param method of the client: `getSecret`, `call`
   * @param target with the names of what is called, as decorators spell them: `appId` and `methodName`, or `stateStore`,
   * `pubSubName`, `topic`, `bindingName`, `secretStoreName`
   */
  call?<T>(client: ClientBinding, next: () => Promise<T>, method: string, target: object): Promise<T>;
  /** An item was taken by its collector. */
  added?(output: OutputBinding, item: OutputItem): void;
  /** The method is about to be called. @param payload as it was read and checked */
  calling?(payload: unknown): void;
  /** The method has returned, and nothing has been sent yet. */
  called?(returned: unknown): void;
  /** Keys of the state entries changed between read and write. @param isOver false where the method runs again */
  conflicted?(attempt: number, isOver: boolean): void;
  /** Surrounds the sending of an output's messages, or the writing of the state entries, told by the first of them. */
  flush?(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void>;
  /** The invocation is over. */
  ended?(end: InvocationEnd): void;
}

/** How an invocation ended: with a failure, or with a reply. */
export interface InvocationEnd {
  /** Why it failed; absent where it did not. */
  readonly failure?: Failure | undefined;
}
