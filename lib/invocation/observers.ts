import type { ClientBinding, DaprStateEntryBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import { isPromise } from "../model/maybe-promise.js";
import { messageOf } from "../model/thrown.js";
import type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "./observer.js";

/**
 * One observer that stands for several, none of which can harm an invocation, or keep the others from seeing it;
 * `undefined` for none, so that an app without observers pays nothing.
 */
export function allOf(observers: readonly InvocationObserver[]): InvocationObserver | undefined {
  const guarded = observers.map((observer) => new GuardedObserver(observer));
  if (guarded.length < 2) return guarded[0];
  return {
    start(invocation) {
      const watches = guarded.flatMap((observer) => observer.start(invocation) ?? []);
      return watches.length < 2 ? watches[0] : new Watches(watches);
    },
  };
}

class Watches implements InvocationWatch {
  constructor(private readonly all: readonly GuardedWatch[]) {}

  run<T>(next: () => T): T {
    return this.#around(next, (watch, inner) => watch.run(inner));
  }

  /** Those of the first that has some: two contexts cannot go out on one request. */
  headers(): Readonly<Record<string, string>> | undefined {
    for (const watch of this.all) {
      const headers = watch.headers();
      if (headers !== undefined) return headers;
    }
    return undefined;
  }

  read(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown> {
    return this.#around(next, (watch, inner) => watch.read(input, inner));
  }

  queued(turn: Promise<unknown>): void {
    for (const watch of this.all) watch.queued(turn);
  }

  found(input: InputBinding, value: unknown): void {
    for (const watch of this.all) watch.found(input, value);
  }

  call<T>(client: ClientBinding, next: () => Promise<T>, method: string, target: object): Promise<T> {
    return this.#around(next, (watch, inner) => watch.call(client, inner, method, target));
  }

  added(output: OutputBinding, item: OutputItem): void {
    for (const watch of this.all) watch.added(output, item);
  }

  received(payload: unknown): void {
    for (const watch of this.all) watch.received(payload);
  }

  calling(payload: unknown): void {
    for (const watch of this.all) watch.calling(payload);
  }

  called(returned: unknown): void {
    for (const watch of this.all) watch.called(returned);
  }

  conflicted(attempt: number, isOver: boolean): void {
    for (const watch of this.all) watch.conflicted(attempt, isOver);
  }

  flush(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void> {
    return this.#around(next, (watch, inner) => watch.flush(output, messages, inner));
  }

  ended(end: InvocationEnd): void {
    for (const watch of this.all) watch.ended(end);
  }

  /** The first observer is the outermost. */
  #around<T>(next: () => T, surround: (watch: GuardedWatch, inner: () => T) => T): T {
    return this.all.reduceRight<() => T>((inner, watch) => () => surround(watch, inner), next)();
  }
}

/** An observer that changes nothing, whatever it throws or gives back: it is told, and each step is its own. */
class GuardedObserver implements InvocationObserver {
  /** The members whose failure was said. */
  readonly #said = new Set<string>();

  constructor(private readonly observer: InvocationObserver) {}

  start(invocation: ObservedInvocation): GuardedWatch | undefined {
    try {
      const watch: unknown = this.observer.start(invocation);
      if (typeof watch === "object" && watch !== null) return new GuardedWatch(watch, this, invocation);
    } catch (error) {
      this.failed("start", error, invocation);
    }
    return undefined;
  }

  /** Says so, once for each member: it may happen with every invocation. */
  failed(member: string, error: unknown, { context }: ObservedInvocation): void {
    if (this.#said.has(member)) return;
    this.#said.add(member);
    context.error(`an observer failed in ${member}, which is said once: ${messageOf(error)}`);
  }
}

/** The members that are only told. */
type Told = "received" | "queued" | "found" | "added" | "calling" | "called" | "conflicted" | "ended";

/** The members that surround a step. */
type Surrounding = "run" | "read" | "call" | "flush";

class GuardedWatch implements InvocationWatch {
  constructor(
    private readonly watch: InvocationWatch,
    private readonly observer: GuardedObserver,
    private readonly invocation: ObservedInvocation,
  ) {}

  run<T>(next: () => T): T {
    const { watch } = this;
    return watch.run === undefined ? next() : this.#around("run", next, (step) => watch.run!(step));
  }

  headers(): Readonly<Record<string, string>> | undefined {
    try {
      return this.watch.headers?.();
    } catch (error) {
      this.#failed("headers", error);
      return undefined;
    }
  }

  read(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown> {
    const { watch } = this;
    return watch.read === undefined ? next() : this.#around("read", next, (step) => watch.read!(input, step));
  }

  call<T>(client: ClientBinding, next: () => Promise<T>, method: string, target: object): Promise<T> {
    const { watch } = this;
    if (watch.call === undefined) return next();
    return this.#around("call", next, (step) => watch.call!(client, step, method, target));
  }

  flush(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void> {
    const { watch } = this;
    if (watch.flush === undefined) return next();
    return this.#around("flush", next, (step) => watch.flush!(output, messages, step));
  }

  received(payload: unknown): void {
    this.#tell("received", payload);
  }

  queued(turn: Promise<unknown>): void {
    this.#tell("queued", turn);
  }

  found(input: InputBinding, value: unknown): void {
    this.#tell("found", input, value);
  }

  added(output: OutputBinding, item: OutputItem): void {
    this.#tell("added", output, item);
  }

  calling(payload: unknown): void {
    this.#tell("calling", payload);
  }

  called(returned: unknown): void {
    this.#tell("called", returned);
  }

  conflicted(attempt: number, isOver: boolean): void {
    this.#tell("conflicted", attempt, isOver);
  }

  ended(end: InvocationEnd): void {
    this.#tell("ended", end);
  }

  #tell(member: Told, first: unknown, second?: unknown): void {
    const { watch } = this;
    try {
      const tell = watch[member] as ((first: unknown, second: unknown) => unknown) | undefined;
      const given = tell?.call(watch, first, second);
      if (isPromise(given)) given.then(undefined, (error: unknown) => this.#failed(member, error));
    } catch (error) {
      this.#failed(member, error);
    }
  }

  /**
   * Runs a step once and gives what that gives, whatever the observer makes of it. What it does after the step comes
   * before what the invocation does: it has waited first.
   */
  #around<T>(member: Surrounding, next: () => T, surround: (step: () => T) => unknown): T {
    const step = new Step(next);
    let given: unknown;
    try {
      given = surround(() => step.outcome());
    } catch (error) {
      if (!step.threw(error)) this.#failed(member, error);
      return step.outcome();
    }
    if (!isPromise(given)) return step.outcome();
    if (step.hasRun) {
      given.then(undefined, (error: unknown) => this.#failedUnless(step, member, error));
      return step.outcome();
    }
    // It has something to do before the step.
    const begun = given.then(undefined, (error: unknown) => this.#failedUnless(step, member, error));
    return begun.then(() => step.outcome()) as T;
  }

  /** An observer that lets the step's own error through has not failed. */
  async #failedUnless(step: Step<unknown>, member: Surrounding, error: unknown): Promise<void> {
    if (!(await step.failedWith(error))) this.#failed(member, error);
  }

  #failed(member: string, error: unknown): void {
    this.observer.failed(member, error, this.invocation);
  }
}

/** A step that runs once, however often it is called. */
class Step<T> {
  #result: { readonly value: T } | { readonly thrown: unknown } | undefined;

  constructor(private readonly next: () => T) {}

  get hasRun(): boolean {
    return this.#result !== undefined;
  }

  outcome(): T {
    if (this.#result === undefined) {
      try {
        this.#result = { value: this.next() };
      } catch (thrown) {
        this.#result = { thrown };
      }
    }
    if ("thrown" in this.#result) throw this.#result.thrown;
    return this.#result.value;
  }

  /** True where the step itself threw this. */
  threw(error: unknown): boolean {
    return this.#result !== undefined && "thrown" in this.#result && this.#result.thrown === error;
  }

  /** True where it is what the step threw, or rejected with. */
  async failedWith(error: unknown): Promise<boolean> {
    if (this.#result === undefined) return false;
    try {
      await this.outcome();
      return false;
    } catch (own) {
      return own === error;
    }
  }
}
