type Method = (...args: never[]) => unknown;
type Bytes = Uint8Array | ArrayBuffer;
type IsAny<T> = 0 extends 1 & T ? true : false;

/** What JSON leaves as it is. Also ends types that hold themselves in lists, which the compiler cannot unfold. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * A value as JSON carries it, which is what callers send: a date may be its text, and an object needs no methods. Where
 * a schema converts in other ways TypeScript knows its output only.
 */
export type Sent<T> =
  IsAny<T> extends true
    ? T
    : T extends Json
      ? T
      : T extends Date
        ? T | string
        : T extends string | number | boolean | bigint | symbol | null | undefined | ArrayBuffer | ArrayBufferView
          ? T
          : T extends readonly unknown[]
            ? // Written out, since only so a list of what holds such lists is unfolded no further than it is looked at.
              T[number][] extends T
              ? T extends unknown[]
                ? Sent<T[number]>[]
                : readonly Sent<T[number]>[]
              : { [I in keyof T]: Sent<T[I]> }
            : T extends object
              ? T | { [K in keyof T as T[K] extends Method ? never : K]: Sent<T[K]> }
              : T;

/**
 * What JSON leaves of a value: a date is its text, what has `toJSON` is what that gives, methods and `undefined` members
 * are gone, `undefined` in a list is null. Bytes stay bytes where they are the whole value.
 */
export type Received<T> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? unknown
      : T extends Bytes
        ? Uint8Array
        : T extends Json
          ? T
          : T extends { toJSON(...args: never[]): infer J }
            ? Received<J>
            : // A boxed value, as classes of values are.
              T extends
                  String | Number | Boolean // oxlint-disable-line typescript/no-wrapper-object-types
              ? ReturnType<T["valueOf"]>
              : T extends undefined | void
                ? undefined
                : T extends bigint | symbol | Method | Formless
                  ? never
                  : T extends readonly unknown[]
                    ? T[number][] extends T
                      ? T extends unknown[]
                        ? ReceivedElement<T[number]>[]
                        : readonly ReceivedElement<T[number]>[]
                      : { [I in keyof T]: ReceivedElement<T[I]> }
                    : T extends Error
                      ? Record<never, never>
                      : T extends object
                        ? ReceivedObject<T>
                        : never;

/** What JSON has no form for: nobody can send it. */
type Formless = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | PromiseLike<unknown>;

/** A value within another. Bytes have no form in JSON. */
type Inner<T> = IsAny<T> extends true ? T : T extends ArrayBuffer | ArrayBufferView ? never : Received<T>;

type ReceivedElement<T> = T extends undefined | symbol | Method ? null : Inner<T>;

/** Members that JSON never has, or has no form for. */
type IsDropped<V> =
  IsAny<V> extends true
    ? false
    : [V] extends [Method | symbol | undefined | ArrayBuffer | ArrayBufferView | Formless]
      ? true
      : false;

/** Members that JSON may leave out. */
type MayBeAbsent<V> = IsAny<V> extends true ? false : unknown extends V ? false : undefined extends V ? true : false;

type ReceivedObject<T> = Flat<
  {
    [
      K in keyof T as K extends symbol
        ? never
        : IsDropped<T[K]> extends true
          ? never
          : MayBeAbsent<T[K]> extends true
            ? never
            : K
    ]: Inner<T[K]>;
  } & {
    [
      K in keyof T as K extends symbol
        ? never
        : IsDropped<T[K]> extends true
          ? never
          : MayBeAbsent<T[K]> extends true
            ? K
            : never
    ]?: Inner<Exclude<T[K], undefined>>;
  }
>;

/** One object, as error messages and hovers show it best. */
type Flat<T> = { [K in keyof T]: T[K] };
