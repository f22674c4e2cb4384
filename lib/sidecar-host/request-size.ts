import { badItem } from "../collectors/message.js";

/** Bytes beside the value in a request of one item: braces, names, a key, a content type. */
const margin = 4096;

/**
 * Refuses what no request can carry, in `add`. Nothing is counted for what is far below the limit.
 *
 * @param atMost bytes that the value has at most: 3 for each character of JSON text, 6 of other text
 * @param sizeOf counts the bytes of the request that `subject` makes
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function refuseTooLarge<T>(
  where: string,
  property: string,
  limit: number,
  atMost: number,
  sizeOf: (subject: T) => number,
  subject: T,
): void {
  if (atMost + margin <= limit) return;
  const size = sizeOf(subject);
  if (size > limit) throw badItem(where, property, tooLarge("the item", size, limit));
}

/** Bytes that a map of text has at most as JSON: no character takes more than six. */
export function mostBytesOfMap(map: Readonly<Record<string, string>> | undefined): number {
  let most = 2;
  if (map !== undefined) for (const name of Object.keys(map)) most += 6 * (name.length + map[name]!.length + 1);
  return most;
}

/** Says what is too large, by what, and what to do. */
export function tooLarge(what: string, size: number, limit: number): string {
  return (
    `${what} makes a request of ${size} bytes, and the sidecar takes ${limit}; raise its --max-body-size ` +
    "(dapr.io/max-body-size) and say so with DAPR_MAX_BODY_SIZE or maxRequestSize"
  );
}

/** A part of a list of items that fits into one request: positions from `first` up to, and without, `end`. */
export interface Cut {
  readonly first: number;
  readonly end: number;
}

/**
 * Cuts items into requests that are not above the limit, in their order.
 *
 * @param atMost bytes that an item has at most, names, braces and comma included; when all of them fit, nothing is counted
 * @param sizeOf counts the bytes of an item in the request, its comma included
 * @param around bytes of the request around its items
 */
export function cutBySize<T>(
  items: readonly T[],
  limit: number,
  atMost: (item: T) => number,
  sizeOf: (item: T, index: number) => number,
  around: number,
): readonly Cut[] {
  let most = around;
  for (const item of items) most += atMost(item);
  if (most <= limit) return [{ first: 0, end: items.length }];
  const cuts: Cut[] = [];
  let first = 0;
  let size = around;
  items.forEach((item, index) => {
    const own = sizeOf(item, index);
    if (index > first && size + own > limit) {
      cuts.push({ first, end: index });
      first = index;
      size = around;
    }
    size += own;
  });
  cuts.push({ first, end: items.length });
  return cuts;
}
