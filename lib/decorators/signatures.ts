import type { DaprClient } from "../client/dapr-client.js";
import type { AppCaller, AppClient, AppReply } from "../model/app-client.js";
import type { BindingRecord } from "../model/binding-record.js";
import type {
  BindingCollector,
  BindingOverrides,
  Collector,
  InvokeCollector,
  InvokeOverrides,
  PublishCollector,
  PublishOverrides,
  StateCollector,
  StateOverrides,
} from "../model/collector.js";
import type { CloudEvent, HttpRequest, HttpResponse, Reply, StateRecord } from "../model/invocation.js";
import type { PayloadType } from "../model/payload-type.js";
import type { StateEntry } from "../model/state-entry.js";

/*
 * What the compiler checks of a decorated method, alike in both dialects. Each decorator is one generic signature whose
 * second parameter is either what the compiler passes there or, where something is wrong, a text that says what: the
 * text then stands in the compiler's error. Only this file says `any`, where it means "whatever the method takes".
 *
 * With `experimentalDecorators` the compiler calls (class, key, descriptor), without it (method, context).
 */

/** A decorator for any method: it asks nothing of the method's parameters. */
export interface FunctionDecorator {
  <T, D = never>(target: T, keyOrContext: Place<MethodFault<MethodOf<T, D>>>, descriptor?: D): void;
}

/** Checks the first parameter and, for HTTP, the return type. `P` is the option `payload`. */
export interface TriggerDecorator<K extends TriggerKind, P> {
  <T, D = never>(target: T, keyOrContext: Place<TriggerFault<K, P, MethodOf<T, D>>>, descriptor?: D): void;
}

/** Checks that the second parameter takes the input by its name, and as what it is. */
export interface InputDecorator<N extends string, V, Missing extends boolean = false> {
  <T, D = never>(target: T, keyOrContext: Place<InputFault<N, V, Missing, MethodOf<T, D>>>, descriptor?: D): void;
}

/**
 * Checks that the second parameter takes the collector by its name. `V` is the option `valueType`, `P` the payload type of a
 * topic that publishers and subscribers share.
 */
export interface OutputDecorator<N extends string, K extends OutputKind, V, P = never> {
  <T, D = never>(target: T, keyOrContext: Place<OutputFault<N, K, V, P, MethodOf<T, D>>>, descriptor?: D): void;
}

/** Checks that the second parameter takes the state entry by its name. `V` is the option `valueType`. */
export interface EntryDecorator<N extends string, V> {
  <T, D = never>(target: T, keyOrContext: Place<EntryFault<N, V, MethodOf<T, D>>>, descriptor?: D): void;
}

/** Checks that the second parameter takes the app client by its name. `C` is what the option `of` makes, if given. */
export interface AppDecorator<N extends string, C> {
  <T, D = never>(target: T, keyOrContext: Place<AppFault<N, C, MethodOf<T, D>>>, descriptor?: D): void;
}

/** Checks that the second parameter takes the sidecar's client by its name. */
export interface SidecarDecorator<N extends string> {
  <T, D = never>(target: T, keyOrContext: Place<SidecarFault<N, MethodOf<T, D>>>, descriptor?: D): void;
}

/** The kinds of triggers, by what the method's first parameter is. */
export type TriggerKind = "payload" | "topic" | "http";

interface OutputKinds {
  state: { name: "StateCollector"; collector: StateCollector<any>; overrides: StateOverrides };
  publish: { name: "PublishCollector"; collector: PublishCollector<any>; overrides: PublishOverrides };
  invoke: { name: "InvokeCollector"; collector: InvokeCollector<any>; overrides: InvokeOverrides };
  binding: { name: "BindingCollector"; collector: BindingCollector<any>; overrides: BindingOverrides };
  generic: { name: "Collector"; collector: Collector<any>; overrides: object };
}

/** The kinds of outputs, by what an item may override. */
export type OutputKind = keyof OutputKinds;

type AnyMethod = (...args: any) => any;

/** What the compiler passes as the second argument, or what is wrong. */
type Place<Fault> = [Fault] extends [never] ? string | symbol | ClassMethodDecoratorContext<any, any> : Fault;

type MethodOf<T, D> = [D] extends [never] ? T : D extends TypedPropertyDescriptor<infer F> ? F : T;

type MethodFault<F> = F extends AnyMethod ? never : "only a method can be a function: decorate a method";

type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * Whether a value fits a place. Between object types, where the compiler need not wait to learn what a type parameter of
 * the class stands for: `any` fits it, and what is known need not.
 */
type Fits<V, P> = { readonly of: V } extends { readonly of: P } ? true : false;

/** The first fault, if any. */
type First<A, B> = [A] extends [never] ? B : A;

// Payloads and values.

/** What a class, `[Class]` or schema makes of a value; `any` when it is not known, `never` when there is none. */
export type ValueOf<P> = [P] extends [never] ? never : PayloadType extends P ? any : Known<P, "output">;

/** What an answer is that a class, `[Class]` or schema describes; `any` where nothing does. */
export type AnswerOf<P> = [P] extends [never] ? any : ValueOf<P>;

/** What a class, `[Class]` or schema takes: differs from {@link ValueOf} where a schema converts. */
type TakenBy<P> = [P] extends [never] ? never : PayloadType extends P ? any : Known<P, "input">;

type Known<P, Side extends "input" | "output"> = P extends { readonly "~standard": infer S }
  ? S extends { readonly types?: infer T }
    ? NonNullable<T> extends { readonly [K in Side]: infer V }
      ? V
      : any
    : any
  : P extends readonly [infer C]
    ? InstanceOf<C>[]
    : InstanceOf<P>;

/**
 * By its prototype, which has `any` for the parameters of a generic class, where a constructor has `unknown`. `String`,
 * `Number` and `Boolean` stand for the values, not for their wrappers.
 */
export type InstanceOf<C> = C extends { readonly prototype: infer I }
  ? IsAny<I> extends true
    ? C extends abstract new (...args: any) => infer J
      ? J
      : any
    : C extends StringConstructor | NumberConstructor | BooleanConstructor
      ? ReturnType<C>
      : I
  : any;

// Triggers.

type TriggerFault<K extends TriggerKind, P, F> = F extends (...args: infer A) => infer R
  ? First<A["length"] extends 0 ? never : PayloadFault<K, ValueOf<P>, A[0]>, K extends "http" ? ReplyFault<R> : never>
  : MethodFault<F>;

type PayloadFault<K extends TriggerKind, V, P> = K extends "topic"
  ? EventFault<V, P>
  : K extends "http"
    ? RequestFault<V, P>
    : Fits<V, P> extends true
      ? never
      : "the method's first parameter does not take what the trigger's payload type gives: declare it as that class, or as the output of that schema";

type EventFault<V, P> =
  TakesEvent<CloudEvent<any>, P> extends true
    ? [V] extends [never]
      ? never
      : TakesEvent<CloudEvent<V>, P> extends true
        ? never
        : "the CloudEvent that the method takes has other data than the trigger's payload type gives: declare CloudEvent of that class, or of the output of that schema"
    : "a topic function takes the whole event: declare its first parameter as CloudEvent<…> and read event.data";

/** An object without `data` is not meant to be an event, even where an event happens to have all its members. */
type TakesEvent<E, P> =
  Fits<E, P> extends true
    ? Fits<unknown, P> extends true
      ? true
      : [keyof P] extends [never]
        ? true
        : "data" extends keyof P
          ? true
          : false
    : false;

type RequestFault<V, P> =
  Fits<HttpRequest<any>, P> extends true
    ? [V] extends [never]
      ? never
      : Fits<HttpRequest<V>, P> extends true
        ? never
        : "the HttpRequest that the method takes has another body than the trigger's payload type gives: declare HttpRequest of that class, or of the output of that schema"
    : "an HTTP function takes the whole request: declare its first parameter as the HttpRequest of dapr-functions, and read its body with json()";

type ReplyFault<R> =
  Fits<Awaited<R>, HttpResponse | Reply | string | Bytes | void | undefined> extends true
    ? MemberFault<UnknownMember<Awaited<R>>>
    : "an HTTP function returns HttpResponse, Reply, string, bytes or void: put data into { jsonBody }";

type Bytes = Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>;

/** What an object has that an HttpResponse has not: a return type that is inferred may have anything. */
type UnknownMember<R> =
  IsAny<R> extends true
    ? never
    : R extends object
      ? R extends Reply | Bytes
        ? never
        : Exclude<keyof R, keyof HttpResponse>
      : never;

type MemberFault<M> = [M] extends [never]
  ? never
  : `an HttpResponse has no '${M & string}': it has status, headers, body, jsonBody and cookies`;

// Inputs and outputs.

type Bindings<F> = F extends (...args: infer A) => any ? NonNullable<A[1]> : never;

type Slot<N extends string, F> = N extends keyof Bindings<F> ? Bindings<F>[N] : unknown;

/** `Role` is input, output, entry or client. */
type SlotFault<Role extends string, N extends string, F> = F extends (...args: infer A) => any
  ? A["length"] extends 0 | 1
    ? `${Role} '${N}' reaches the method in its second parameter, which it does not have: add { ${N} }`
    : string extends N
      ? never
      : unknown extends A[1]
        ? never
        : N extends keyof NonNullable<A[1]>
          ? never
          : `${Role} '${N}' is not a property of the method's second parameter: name it there, or correct the name`
  : MethodFault<F>;

type InputFault<N extends string, V, Missing extends boolean, F> = First<
  SlotFault<"input", N, F>,
  Fits<V, Slot<N, F>> extends true
    ? Missing extends true
      ? Fits<undefined, Slot<N, F>> extends true
        ? never
        : `input '${N}' may be missing: declare it with | undefined, or say required: true`
      : never
    : InputValueFault<N, V>
>;

type InputValueFault<N extends string, V> = [V] extends [readonly StateRecord<any>[]]
  ? `input '${N}' is a list, since keys is given: declare it as readonly StateRecord<…>[]`
  : [V] extends [StateRecord<any>]
    ? `input '${N}' is a StateRecord, since record is true: declare it as StateRecord<…>`
    : [V] extends [AppReply<any>]
      ? `input '${N}' is an AppReply, since record is true: declare it as AppReply<…>`
      : [V] extends [BindingRecord<any>]
        ? `input '${N}' is a BindingRecord, since record is true: declare it as BindingRecord<…>`
        : [V] extends [Readonly<Record<string, string>>]
          ? `input '${N}' is a secret, which has one text or several: declare it as Record<string, string>`
          : `input '${N}' is not declared as what its valueType gives: declare it as that class, or as the output of that schema`;

type EntryFault<N extends string, V, F> = First<SlotFault<"entry", N, F>, EntryValueFault<N, V, Slot<N, F>>>;

type EntryValueFault<N extends string, V, S> =
  Fits<unknown, S> extends true
    ? never
    : Fits<StateEntry<any>, S> extends true
      ? [V] extends [never]
        ? never
        : NonNullable<S> extends { readonly value: infer R; set: (value: infer W, ...rest: any) => any }
          ? First<
              Fits<ValueOf<V> | undefined, R> extends true ? never : EntryOfAnother<N>,
              Fits<W, TakenBy<V>> extends true ? never : EntryOfAnother<N>
            >
          : never
      : `entry '${N}' is a StateEntry, not a value: declare it as StateEntry<…> and read its value`;

type EntryOfAnother<N extends string> =
  `entry '${N}' holds another value than its valueType gives and takes: declare it as StateEntry of that class, or of the output of that schema`;

type AppFault<N extends string, C, F> = First<SlotFault<"client", N, F>, AppClientFault<N, C, Slot<N, F>>>;

type AppClientFault<N extends string, C, S> =
  Fits<unknown, S> extends true
    ? never
    : NonNullable<S> extends AppCaller
      ? [C] extends [never]
        ? never
        : Fits<AppClient<C>, S> extends true
          ? never
          : `client '${N}' is of another class than \`of\` says: declare it as AppClient of that class`
      : `client '${N}' calls another application: declare it as AppClient<…> of that application's class`;

type SidecarFault<N extends string, F> = First<
  SlotFault<"client", N, F>,
  Fits<DaprClient, Slot<N, F>> extends true ? never : `client '${N}' is the sidecar's: declare it as DaprClient`
>;

type OutputFault<N extends string, K extends OutputKind, V, P, F> = First<
  SlotFault<"output", N, F>,
  CollectorFault<N, K, V, P, Slot<N, F>>
>;

type CollectorFault<N extends string, K extends OutputKind, V, P, S> =
  Fits<unknown, S> extends true
    ? never
    : Fits<OutputKinds[K]["collector"], S> extends true
      ? NonNullable<S> extends { add: (...args: infer A) => any }
        ? First<
            OverridesFault<N, K, A[1]>,
            [P] extends [never] ? ItemFault<N, TakenBy<V>, A[0]> : TopicItemFault<N, TakenBy<P>, A[0]>
          >
        : never
      : NonNullable<S> extends { add: AnyMethod }
        ? OtherKind<N, K>
        : `output '${N}' is a collector, not a value: declare it as ${CollectorNames<K>}`;

type CollectorNames<K extends OutputKind> = K extends "generic"
  ? "Collector<…>"
  : `Collector<…> or ${OutputKinds[K]["name"]}<…>`;

type OtherKind<
  N extends string,
  K extends OutputKind,
> = `output '${N}' gives a collector of another kind: declare it as ${CollectorNames<K>}`;

/** Methods compare their parameters both ways, so that kinds of collectors are told apart by their overrides. */
type OverridesFault<N extends string, K extends OutputKind, O> =
  IsAny<O> extends true
    ? never
    : [NonNullable<O>] extends [never]
      ? never
      : Exclude<keyof NonNullable<O>, keyof OutputKinds[K]["overrides"]> extends never
        ? never
        : OtherKind<N, K>;

/** `V` is what the output's `valueType` takes, `T` what the method adds; either may be the narrower. */
type ItemFault<N extends string, V, T> =
  Fits<V, T> extends true
    ? never
    : Fits<T, V> extends true
      ? never
      : Fits<T, void> extends true
        ? never
        : `output '${N}' collects other items than its valueType takes: declare it as a collector of that class, or of the input of that schema`;

/** Whatever the method may add is what each subscriber of the topic takes. */
type TopicItemFault<N extends string, P, T> =
  Fits<T, P> extends true
    ? never
    : `output '${N}' collects other items than its topic's payload type takes: declare it as a collector of that class, or of the input of that schema`;
