import { readConstraint, type RouteConstraint } from "./route-constraints.js";

/** A parameter of a route: `{id}`, `{id?}`, `{id=1}`, `{id:int}`, `{*rest}`. */
export interface RouteParameter {
  readonly name: string;
  /** `rest` takes all that is left of the path, slashes included. */
  readonly takes: "one" | "rest";
  readonly optional: boolean;
  /** The value where the path ends before it: `{page=1}`. */
  readonly default: string | undefined;
  /** All of which a value must meet: where one does not, the path is none of this route's. */
  readonly constraints: readonly RouteConstraint[];
}

export type RoutePart = { readonly text: string } | RouteParameter;

/** What stands between two slashes: mostly one text or one parameter. */
export type RouteSegment = readonly RoutePart[];

/**
 * Reads a route as ASP.NET does, which is what the Functions host hands it to.
 *
 * @param route without the slash in front of it
 * @returns what is wrong and what to do, where it is not a route
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates (RoutePatternParser.cs)
 */
export function parseRouteTemplate(route: string): readonly RouteSegment[] | { readonly fault: string } {
  try {
    return readSegments(route);
  } catch (error) {
    if (error instanceof RouteFault) return { fault: error.message };
    throw error;
  }
}

/** The names of a route's parameters, in lower case; none where it is not a route. */
export function routeNames(route: string): string[] {
  const segments = parseRouteTemplate(route);
  if ("fault" in segments) return [];
  return segments.flat().flatMap((part) => ("name" in part ? part.name.toLowerCase() : []));
}

class RouteFault extends Error {}

function readSegments(route: string): RouteSegment[] {
  if (route === "") return [];
  if (route.startsWith("/")) throw new RouteFault('it begins with a "/", which stands there already; leave it out');
  const names = new Set<string>();
  const segments = splitSegments(route).map((segment) => {
    if (segment.length === 0) throw new RouteFault('it has an empty segment; write one "/" between segments');
    return segment.map((text) => readPart(text, names));
  });
  segments.forEach((segment, index) => checkSegment(segment, index === segments.length - 1));
  return segments;
}

/** The texts and `{…}` of each segment; a slash within braces belongs to a constraint. */
function splitSegments(route: string): string[][] {
  const segments: string[][] = [[]];
  let text = "";
  const endText = (): void => {
    if (text !== "") segments.at(-1)!.push(text);
    text = "";
  };
  for (let at = 0; at < route.length; at++) {
    const char = route[at]!;
    if (char === "/") {
      endText();
      // A slash at the end is taken and means nothing.
      if (at < route.length - 1) segments.push([]);
    } else if ((char === "{" || char === "}") && route[at + 1] === char) {
      text += char + char;
      at++;
    } else if (char === "}") {
      throw unbalanced("}");
    } else if (char === "{") {
      endText();
      const end = endOfParameter(route, at);
      segments.at(-1)!.push(route.slice(at, end));
      at = end - 1;
    } else text += char;
  }
  endText();
  return segments;
}

/** The index after the brace that closes the one at `open`; doubled braces are text. */
function endOfParameter(route: string, open: number): number {
  for (let at = open + 1; at < route.length; at++) {
    const isDoubled = route[at + 1] === route[at];
    if (route[at] === "}" && !isDoubled) return at + 1;
    if (route[at] === "{" && !isDoubled) throw new RouteFault('it has a "{" within braces; write "{{" for one');
    if (route[at] === "}" || route[at] === "{") at++;
  }
  throw unbalanced("{");
}

function unbalanced(brace: string): RouteFault {
  return new RouteFault(`it has a "${brace}" without its counterpart; close it, or write "${brace}${brace}" for one`);
}

function unescaped(text: string): string {
  return text.replaceAll("{{", "{").replaceAll("}}", "}");
}

function readPart(text: string, names: Set<string>): RoutePart {
  const isParameter = text.startsWith("{") && !text.startsWith("{{");
  if (!isParameter) {
    if (text.includes("?")) throw new RouteFault('it has a "?" outside of braces; a route has no query');
    return { text: unescaped(text) };
  }
  const inside = unescaped(text.slice(1, -1));
  const { stars, rest } = /^(?<stars>\*{0,2})(?<rest>.*)$/s.exec(inside)!.groups as { stars: string; rest: string };
  const optional = rest.endsWith("?");
  const declared = optional ? rest.slice(0, -1) : rest;
  const name = /^[^:=]*/.exec(declared)![0];
  if (name === "") throw new RouteFault("it has braces without a name; name what they take");
  const bad = /[/{}?*]/.exec(name)?.[0];
  if (bad !== undefined) throw new RouteFault(`the name "${name}" has a "${bad}"; a name holds none of / { } ? *`);
  if (names.has(name.toLowerCase())) throw new RouteFault(`it has "${name}" twice; give each its own name`);
  names.add(name.toLowerCase());
  const { constraints, value } = readRest(declared.slice(name.length));
  if (optional && stars !== "") throw new RouteFault(`"${name}" takes the rest and so may be missing; leave out "?"`);
  if (optional && value !== undefined) {
    throw new RouteFault(`"${name}" has a default and so may be missing; leave out "?"`);
  }
  const refusing = value === undefined ? undefined : constraints.find(({ admits }) => admits?.(value) === false);
  if (refusing !== undefined) {
    throw new RouteFault(`the default "${value}" of "${name}" is not ${refusing.text}; give one that is`);
  }
  const takes = stars === "" ? "one" : "rest";
  return { name, takes, optional: optional || value !== undefined || takes === "rest", default: value, constraints };
}

/** What follows a parameter's name: constraints, each behind a colon, and behind `=` the default. */
function readRest(text: string): { constraints: RouteConstraint[]; value: string | undefined } {
  const constraints: RouteConstraint[] = [];
  let at = 0;
  while (text[at] === ":") {
    const end = endOfConstraint(text, at + 1);
    const read = readConstraint(text.slice(at + 1, end));
    if ("fault" in read) throw new RouteFault(read.fault);
    constraints.push(read);
    at = end;
  }
  return { constraints, value: text[at] === "=" ? text.slice(at + 1) : undefined };
}

/** Within parentheses, which hold an expression, only a `)` before `:`, `=` or the end is the last one. */
function endOfConstraint(text: string, start: number): number {
  const nameEnd = start + /^[^:=(]*/.exec(text.slice(start))![0].length;
  if (text[nameEnd] !== "(") return nameEnd;
  for (let at = nameEnd + 1; at < text.length; at++) {
    if (text[at] === ")" && /^(?:[:=]|$)/.test(text.slice(at + 1, at + 2))) return at + 1;
  }
  return text.length;
}

function checkSegment(segment: RouteSegment, isLast: boolean): void {
  segment.forEach((part, index) => {
    if ("text" in part) return;
    const before = segment[index - 1];
    if (before !== undefined && "name" in before) {
      throw new RouteFault(`"${before.name}" and "${part.name}" follow each other; put text between them`);
    }
    if (part.takes === "rest" && (segment.length > 1 || !isLast)) {
      throw new RouteFault(`"${part.name}" takes the rest of the path; give it the last segment alone`);
    }
    if (part.optional && part.default === undefined && part.takes === "one" && segment.length > 1) {
      const isExtension =
        index === segment.length - 1 && before !== undefined && "text" in before && before.text === ".";
      if (!isExtension) {
        throw new RouteFault(`"${part.name}" may be missing beside other text; give it a segment of its own`);
      }
    }
  });
}
