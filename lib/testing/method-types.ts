import type { Collector } from "../model/collector.js";
import type { Sent } from "../model/json-types.js";
import type { FakeCollector } from "./fake-collector.js";

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

/** Values for the members of the second parameter that are no collectors. */
export type InputsOf<M> =
  BindingsOf<M> extends infer B
    ? B extends undefined
      ? Readonly<Record<string, unknown>>
      : { readonly [K in Exclude<keyof B, CollectorName<B>>]?: Sent<B[K]> | undefined }
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
