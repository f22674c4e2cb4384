import { parseRouteTemplate, type RouteParameter } from "../model/route-template.js";

/** One part of a path between slashes, as it is matched. */
export type PatternSegment = { readonly text: string } | RouteParameter;

/**
 * How a path with `{x}` is matched; undefined for a path that has none.
 *
 * @param path with the slash in front of it
 * @returns the segment that cannot be matched here, as text, where there is one: Azure's host also takes segments that
 *   mix text and parameters, and regular expressions in .NET's spelling
 */
export function patternOf(path: string): readonly PatternSegment[] | { readonly unsupported: string } | undefined {
  if (!/[{}]/.test(path)) return undefined;
  const segments = parseRouteTemplate(path.slice(1));
  // What is not a template is refused before it is served.
  if ("fault" in segments || !segments.flat().some((part) => "name" in part)) return undefined;
  const mixed = segments.findIndex((parts) => parts.length > 1 && parts.some((part) => "name" in part));
  if (mixed !== -1) return { unsupported: path.split("/")[mixed + 1]! };
  for (const part of segments.flat()) {
    const unknown = "name" in part ? part.constraints.find(({ admits }) => admits === undefined) : undefined;
    if (unknown !== undefined) return { unsupported: `{…:${unknown.text}}` };
  }
  return segments.map((parts) => {
    const [first] = parts;
    if (parts.length === 1 && "name" in first!) return first;
    return { text: normalisedPart(parts.map((part) => ("text" in part ? part.text : "")).join("")) };
  });
}

/** A path in the one spelling under which it is looked up: escapes only where needed, in lower case. */
export function normalisedPath(path: string): string {
  if (/^[a-z0-9_.~/-]*$/.test(path)) return path;
  return path.split("/").map(normalisedPart).join("/");
}

export function normalisedPart(part: string): string {
  if (/^[a-z0-9_.~-]*$/.test(part)) return part;
  return encodeURIComponent(decodedPart(part).toLowerCase());
}

/** The part with its escapes read; unchanged where they cannot be read. */
export function decodedPart(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
