/** One part of an HTTP route between slashes. */
export type RouteSegment = { readonly text: string } | RouteParameter;

export interface RouteParameter {
  readonly name: string;
  /** `rest` takes all that is left of the path, slashes included. */
  readonly takes: "one" | "rest";
  readonly optional: boolean;
  /** The value where the path ends before it: `{page=1}`. */
  readonly default: string | undefined;
}

/**
 * The segments of an HTTP route. Constraints (`{id:int}`) are read and not enforced: what the value means is the
 * function's to check, as everything else a caller sends.
 *
 * @returns the segment that cannot be matched here, as text, where there is one: Azure's host also takes segments that
 *   mix text and parameters
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
 */
export function parseRoute(path: string): readonly RouteSegment[] | { readonly unsupported: string } {
  const parts = path.split("/").slice(1);
  const segments: RouteSegment[] = [];
  for (const [index, part] of parts.entries()) {
    const segment = /[{}]/.test(part) ? readParameter(part) : { text: normalisedPart(part) };
    const misplaced =
      segment !== undefined && "takes" in segment && segment.takes === "rest" && index < parts.length - 1;
    if (segment === undefined || misplaced) return { unsupported: part };
    segments.push(segment);
  }
  return segments;
}

function readParameter(part: string): RouteParameter | undefined {
  const match = /^\{(\*{0,2})([^:=?*{}]+)(?::[^=]*?)?(?:=(.*?))?(\?)?\}$/.exec(part);
  if (match === null) return undefined;
  const [, stars, name, value, mark] = match;
  const takes = stars === "" ? "one" : "rest";
  return { name: name!, takes, optional: mark === "?" || value !== undefined || takes === "rest", default: value };
}

/** A path in the one spelling under which it is looked up: escapes only where needed, in lower case. */
export function normalisedPath(path: string): string {
  return path.split("/").map(normalisedPart).join("/");
}

export function normalisedPart(part: string): string {
  return encodeURIComponent(decodedPart(part).toLowerCase());
}

/** The part as its sender meant it; as it is where its escapes are none. */
export function decodedPart(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
