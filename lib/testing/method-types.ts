import type { Collector } from "../model/collector.js";
import type { FakeCollector } from "./fake-collector.js";

type Method = (...args: never[]) => unknown;

/** The names of an object's methods. */
export type MethodName<C> = { [K in keyof C]-?: C[K] extends Method ? K : never }[keyof C] & string;

type ArgumentsOf<M> = M extends (...args: infer A) => unknown ? A : never;
type ReturnOf<M> = M extends (...args: never[]) => infer R ? R : never;

/**
 * A value as JSON carries it, which is what callers send: a date may be its text, and an object needs no methods. Where
 * a schema converts in other ways TypeScript knows its output only.
 */
export type Sent<T> = T extends Date
  ? T | string
  : T extends string | number | boolean | bigint | symbol | null | undefined | ArrayBuffer | ArrayBufferView
    ? T
    : T extends readonly unknown[]
      ? { [I in keyof T]: Sent<T[I]> }
      : T extends object
        ? T | { [K in keyof T as T[K] extends Method ? never : K]: Sent<T[K]> }
        : T;

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
