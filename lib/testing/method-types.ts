import type { DaprClient } from "../client/dapr-client.js";
import type { AppCaller, AppCallOptions, AppReply, AppRequestOptions, Signatures } from "../model/app-client.js";
import type { Collector } from "../model/collector.js";
import type { Sent } from "../model/json-types.js";
import type { StateEntry } from "../model/state-entry.js";
import type { FakeCollector } from "./fake-collector.js";
import type { EntryResult } from "./fake-entry.js";

type Method = (...args: never[]) => unknown;

/** The names of an object's methods. */
export type MethodName<C> = { [K in keyof C]-?: C[K] extends Method ? K : never }[keyof C] & string;

type ArgumentsOf<M> = M extends (...args: infer A) => unknown ? A : never;
type ReturnOf<M> = M extends (...args: never[]) => infer R ? R : never;

/** What triggers a method: its first parameter, anything where it takes none. */
export type PayloadOf<M> =
  ArgumentsOf<M> extends readonly [] ? unknown : Sent<ArgumentsOf<M>[0 & keyof ArgumentsOf<M>]>;

/** What a method asks for by name: its second parameter. */
type BindingsOf<M> =
  ArgumentsOf<M> extends readonly [unknown?, (infer B)?, ...unknown[]]
    ? unknown extends B
      ? undefined
      : NonNullable<B>
    : undefined;

type CollectorName<B> = { [K in keyof B]-?: NonNullable<B[K]> extends Collector<never> ? K : never }[keyof B];

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What a test gives for a member: the value, or functions in place of the methods of a client. */
type Given<S> =
  IsAny<S> extends true
    ? S
    : NonNullable<S> extends DaprClient
      ? Partial<DaprClient>
      : NonNullable<S> extends AppCaller
        ? FakeApp<NonNullable<S>>
        : NonNullable<S> extends StateEntry<infer T>
          ? Sent<T> | StateEntry<T>
          : Sent<S>;

/** Functions in place of the methods of an app client; one that is not given rejects, and says so. */
export type FakeApp<S> = { readonly [K in Exclude<keyof S, "call">]?: FakeCall<S[K]> | undefined } & {
  readonly call?:
    | ((
        methodName: string,
        payload: unknown,
        options: AppRequestOptions,
      ) => Partial<AppReply> | Promise<Partial<AppReply>>)
    | undefined;
};

/** Gets the payload as it would arrive, and returns what the callee replies. */
type FakeCall<F> =
  Signatures<F> extends infer S extends [readonly unknown[], unknown]
    ? (payload: S[0][0], options?: AppCallOptions) => Awaited<S[1]> | Promise<Awaited<S[1]>>
    : never;

/** Values for the members of the second parameter that are not collectors. */
export type InputsOf<M> =
  BindingsOf<M> extends infer B
    ? B extends undefined
      ? Readonly<Record<string, unknown>>
      : { readonly [K in Exclude<keyof B, CollectorName<B>>]?: Given<B[K]> | undefined }
    : never;

type ValueOf<C> = C extends Collector<infer T> ? T : never;

/** A fake for each collector among the members of the second parameter. */
export type OutputsOf<M> =
  BindingsOf<M> extends infer B
    ? B extends undefined
      ? Readonly<Record<string, FakeCollector<unknown>>>
      : { readonly [K in CollectorName<B>]: FakeCollector<ValueOf<NonNullable<B[K]>>> }
    : never;

/** What a method replies. */
export type ReplyOf<M> = Awaited<ReturnOf<M>>;

type EntryName<B> = {
  [K in keyof B]-?: IsAny<B[K]> extends true ? never : NonNullable<B[K]> extends StateEntry<infer _> ? K : never;
}[keyof B];

type EntryValueOf<E> = E extends StateEntry<infer T> ? T : never;

/** What became of each state entry among the members of the second parameter. */
export type EntriesOf<M> =
  BindingsOf<M> extends infer B
    ? B extends undefined
      ? Readonly<Record<string, EntryResult<unknown>>>
      : { readonly [K in EntryName<B>]: EntryResult<EntryValueOf<NonNullable<B[K]>>> }
    : never;
