import assert from "node:assert/strict";
import fc from "fast-check";
import { pathOf } from "../../lib/model/paths.js";
import { parseRouteTemplate, type RouteSegment } from "../../lib/model/route-template.js";
import { patternOf } from "../../lib/server/route-pattern.js";
import { RouteTable } from "../../lib/server/route-table.js";
import { hostileNames, holds, text, textWith } from "./property.js";

/** The route as one writes it. */
function printed(segments: readonly RouteSegment[]): string {
  const escaped = (part: string): string => part.replaceAll(/[{}]/g, "$&$&");
  return segments
    .map((parts) =>
      parts
        .map((part) => {
          if ("text" in part) return escaped(part.text);
          const name = escaped(part.name + part.constraints.map((constraint) => `:${constraint.text}`).join(""));
          if (part.takes === "rest")
            return `{*${name}${part.default === undefined ? "" : `=${escaped(part.default)}`}}`;
          if (part.default !== undefined) return `{${name}=${escaped(part.default)}}`;
          return `{${name}${part.optional ? "?" : ""}}`;
        })
        .join(""),
    )
    .join("/");
}

describe("a route of any text", () => {
  const route = textWith([
    "{",
    "}",
    "{{",
    "}}",
    "/",
    "?",
    "*",
    "=",
    ":",
    "(",
    ")",
    ".",
    "a",
    "b",
    "id",
    ":int",
    ":alpha",
  ]);

  it("is read or has a fault, and what is read is the same once printed", () =>
    expect(
      holds([route], (source) => {
        const segments = parseRouteTemplate(source);
        if ("fault" in segments) return assert.notEqual(segments.fault, "");
        assert.deepEqual(parseRouteTemplate(printed(segments)), segments);
      }),
    ).resolves.toBe("held"));
});

/** Segments of a route; `{` begins a parameter, which has the name of its position. */
const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "A", "é") },
  { weight: 2, arbitrary: fc.constant("{}") },
);
const last = fc.option(fc.constantFrom("{?}", "{*}", "{=d}"), { nil: undefined });
const route = fc.tuple(fc.array(segment, { maxLength: 4 }), last).map(([segments, end]) => {
  const all = end === undefined ? segments : [...segments, end];
  return `/${all.map((each, index) => each.replace(/^\{(\*?)/, `{$1p${index}`)).join("/")}`;
});
const request = fc.array(fc.constantFrom("a", "b", "A", "%61", "é", "%C3%89", "c", ""), { maxLength: 6 });

type Params = Record<string, string>;

/** What a route alone has for a path, told without a table. */
function matchAlone(path: string, parts: readonly string[]): Params | undefined {
  const params: Params = {};
  const segments = path === "/" ? [""] : path.slice(1).split("/");
  for (const [index, each] of segments.entries()) {
    const part = parts[index];
    const name = /^\{\*?(\w+)/.exec(each)?.[1];
    if (name === undefined) {
      if (part === undefined || decodeURIComponent(part).toLowerCase() !== each.toLowerCase()) return undefined;
    } else if (each.startsWith("{*")) {
      if (part !== undefined) params[name] = parts.slice(index).map(decodeURIComponent).join("/");
      return params;
    } else if (part === undefined) {
      if (!/[?=]/.test(each)) return undefined;
      if (each.includes("=")) params[name] = "d";
    } else {
      if (part === "") return undefined;
      params[name] = decodeURIComponent(part);
    }
  }
  return parts.length > segments.length ? undefined : params;
}

describe("a table of any routes", () => {
  it("finds a route that matches alone, with its parameters, and none where none does", () =>
    expect(
      holds([fc.array(route), request], (routes, parts) => {
        const table = new RouteTable<string>();
        const taken: string[] = [];
        for (const path of routes) {
          const segments = patternOf(path);
          if (segments !== undefined && "unsupported" in segments) throw new Error(path);
          const before =
            segments === undefined ? table.add(["GET"], path, path) : table.addPattern(["GET"], segments, path);
          if (before === undefined) taken.push(path);
        }
        const found = table.find("GET", `/${parts.join("/")}`);
        const paths = parts.length === 0 ? [""] : parts;
        const matching = taken.filter((path) => matchAlone(path, paths) !== undefined);
        if (found === undefined) return assert.deepEqual(matching, []);
        assert.ok(matching.includes(found.value));
        assert.deepEqual(found.params ?? {}, matchAlone(found.value, paths));
      }),
    ).resolves.toBe("held"));

  const value = fc.oneof(text, fc.constantFrom(...hostileNames)).filter((each) => each !== "");
  it("hands over whatever text a path carries", () =>
    expect(
      holds([value, value, value], (one, two, three) => {
        const table = new RouteTable<string>();
        table.addPattern(["GET"], patternOf("/api/{__proto__}/x/{constructor}/{*rest}") as never, "route");
        const path = `/api/${[one, "x", two].map(encodeURIComponent).join("/")}/${encodeURIComponent(three)}`;
        const { params } = table.find("GET", path)!;
        assert.deepEqual(Object.entries(params!), [
          ["__proto__", one],
          ["constructor", two],
          ["rest", three],
        ]);
      }),
    ).resolves.toBe("held"));

  it("finds a method by its name, whatever it is", () =>
    expect(
      holds([text.filter((name) => !/^\/?$|[{}]/.test(name))], (methodName) => {
        const path = pathOf(
          { type: "daprServiceInvocationTrigger", direction: "in", name: "payload", methodName },
          "f",
        );
        const table = new RouteTable<string>();
        table.add(["POST"], path, "found");
        const sent = methodName.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
        assert.equal(table.find("POST", `/${sent}`)?.value, "found");
        const lower = sent.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
        assert.equal(table.find("POST", `/${lower}`)?.value, "found");
      }),
    ).resolves.toBe("held"));

  it("takes any path of a request", () =>
    expect(
      holds([textWith(["/", "%", "2", "f", "F", "%2F", "%zz", "{", "}", "a", "?", "#"])], (path) => {
        const table = new RouteTable<string>(() => true);
        table.add(["GET"], "/a", "a");
        table.addPattern(["GET"], patternOf("/a/{x}") as never, "one");
        table.addPattern(["GET"], patternOf("/{y}/{*rest}") as never, "rest");
        table.find("GET", path);
        table.methodsAt(path);
      }),
    ).resolves.toBe("held"));
});
