import { patternOf } from "../../lib/server/route-pattern.js";
import { RouteTable } from "../../lib/server/route-table.js";

/** A table of routes, each answered by its own text. */
function tableOf(...routes: string[]): RouteTable<string> {
  const table = new RouteTable<string>((path) => path.startsWith("/api/"));
  for (const route of routes) {
    const [verbs = "", path = ""] = route.split(" ");
    const segments = patternOf(path);
    if (segments === undefined) table.add(verbs.split(","), path, route);
    else if ("unsupported" in segments) throw new Error(segments.unsupported);
    else table.addPattern(verbs.split(","), segments, route);
  }
  return table;
}

describe("a route table", () => {
  it("finds a path by verb, ignoring case and needless escapes", () => {
    const table = tableOf("POST /CreateOrder", "GET /CreateOrder");
    expect(table.find("POST", "/CreateOrder")).toEqual({ value: "POST /CreateOrder", params: undefined });
    expect(table.find("GET", "/createORDER")?.value).toBe("GET /CreateOrder");
    expect(table.find("POST", "/%43reate%4Frder")?.value).toBe("POST /CreateOrder");
    expect(table.find("PUT", "/CreateOrder")).toBeUndefined();
    expect(table.find("POST", "/CreateOrder/")).toBeUndefined();
  });

  it("tells an escaped slash from a slash", () => {
    const table = tableOf("POST /a%2Fb", "POST /a/b");
    expect(table.find("POST", "/a%2fb")?.value).toBe("POST /a%2Fb");
    expect(table.find("POST", "/a/b")?.value).toBe("POST /a/b");
  });

  it("takes parameters out of a path, unescaped", () => {
    const table = tableOf("GET /api/parcels/{id}/scans/{depot}");
    expect(table.find("GET", "/api/Parcels/a%2Fb%20c/scans/%C3%A9")?.params).toEqual({ id: "a/b c", depot: "é" });
    expect(table.find("GET", "/api/parcels/%zz/scans/x/")?.params).toEqual({ id: "%zz", depot: "x" });
    expect(table.find("GET", "/api/parcels//scans/x")).toBeUndefined();
  });

  it("knows optional parameters, defaults, constraints and the rest of a path", () => {
    const table = tableOf("GET /api/a/{x?}", "GET /api/b/{x:int}/{y:regex(^\\d+$)=5}", "GET /api/c/{*rest}");
    expect(table.find("GET", "/api/a")?.params).toEqual({});
    expect(table.find("GET", "/api/a/1")?.params).toEqual({ x: "1" });
    expect(table.find("GET", "/api/b/1")?.params).toEqual({ x: "1", y: "5" });
    expect(table.find("GET", "/api/b/1/2")?.params).toEqual({ x: "1", y: "2" });
    expect(table.find("GET", "/api/b/one")).toBeUndefined();
    expect(table.find("GET", "/api/b/1/two")).toBeUndefined();
    expect(table.find("GET", "/api/c")?.params).toEqual({});
    expect(table.find("GET", "/api/c/d/e%20f")?.params).toEqual({ rest: "d/e f" });
  });

  it("prefers text to a parameter, and a parameter to the rest, also when it must turn back", () => {
    const table = tableOf("GET /api/a/b", "GET /api/a/{x}", "GET /api/{*all}", "GET /api/a/b/{y}/z", "POST /api/{x}/b");
    expect(table.find("GET", "/api/a/b")?.value).toBe("GET /api/a/b");
    expect(table.find("GET", "/api/a/c")?.value).toBe("GET /api/a/{x}");
    expect(table.find("GET", "/api/a/b/c/z")?.value).toBe("GET /api/a/b/{y}/z");
    expect(table.find("GET", "/api/a/b/c/no")).toEqual({ value: "GET /api/{*all}", params: { all: "a/b/c/no" } });
    expect(table.find("POST", "/api/a/b")).toEqual({ value: "POST /api/{x}/b", params: { x: "a" } });
  });

  it("goes on to the next route where a constraint is not met, and to one without last", () => {
    const table = tableOf(
      "GET /api/o/{name}",
      "GET /api/o/{id:int}",
      "GET /api/o/{id:guid}/lines",
      "GET /api/o/{id:int}/lines/{line:range(1,9)?}",
      "GET /api/o/{word:alpha}",
      "GET /api/o/{*path:nonfile}",
      "GET /api/{*file:file}",
      "GET /api/page/{n:int=1}",
    );
    const found = (path: string) => table.find("GET", `/api/${path}`)?.value.slice("GET /api/".length);
    expect(found("o/41")).toBe("o/{id:int}");
    expect(found("o/abc")).toBe("o/{word:alpha}");
    expect(found("o/a-b")).toBe("o/{name}");
    expect(found("o/99999999999")).toBe("o/{name}");
    expect(found("o/%34%31")).toBe("o/{id:int}");
    expect(found("o/41/lines")).toBe("o/{id:int}/lines/{line:range(1,9)?}");
    expect(found("o/41/lines/9")).toBe("o/{id:int}/lines/{line:range(1,9)?}");
    expect(found("o/41/lines/10")).toBe("o/{*path:nonfile}");
    expect(found("o/x/lines")).toBe("o/{*path:nonfile}");
    expect(found("o/x/y.txt")).toBe("{*file:file}");
    expect(found("o")).toBe("o/{*path:nonfile}");
    expect(found("other")).toBeUndefined();
    expect(table.find("GET", "/api/page")?.params).toEqual({ n: "1" });
    expect(found("page/x")).toBeUndefined();
  });

  it("ends before a rest only where its constraints admit none", () => {
    const table = tableOf("GET /a/{x?}/{*rest:int}", "GET /b/{x?}/{*rest:nonfile}");
    expect(table.find("GET", "/a")).toBeUndefined();
    expect(table.find("GET", "/a/1/2")?.params).toEqual({ x: "1", rest: "2" });
    expect(table.find("GET", "/b")?.params).toEqual({});
  });

  it("says what answers a route with the same constraints already", () => {
    const table = tableOf("GET /api/{id:int}");
    expect(table.addPattern(["GET"], patternOf("/api/{other:int}") as never, "other")).toBe("GET /api/{id:int}");
    expect(table.addPattern(["GET"], patternOf("/api/{other:long}") as never, "other")).toBeUndefined();
  });

  it("says what answers a route already", () => {
    const table = tableOf("GET,POST /a", "GET /api/{x}");
    expect(table.add(["POST"], "/A", "other")).toBe("GET,POST /a");
    expect(table.add(["PUT"], "/A", "other")).toBeUndefined();
    expect(table.addPattern(["GET"], patternOf("/api/{y}") as never, "other")).toBe("GET /api/{x}");
  });

  it("adds nothing of a route that is answered already, nor where it may end before", () => {
    const table = tableOf("GET /api/a/{x}");
    expect(table.addPattern(["GET"], patternOf("/api/a/{y?}") as never, "other")).toBe("GET /api/a/{x}");
    expect(table.find("GET", "/api/a")).toBeUndefined();
  });

  it("names a segment that only the Functions host understands", () => {
    expect(patternOf("/api/files/{name}.{ext}")).toEqual({ unsupported: "{name}.{ext}" });
    expect(patternOf("/api/{x:regex(\\A5)}")).toEqual({ unsupported: "{…:regex(\\A5)}" });
    expect(patternOf("/api/files")).toBeUndefined();
  });

  it("says which verbs a path answers", () => {
    const table = tableOf("GET,POST /a", "PUT /{x}");
    expect(table.methodsAt("/a")).toEqual(["GET", "POST", "PUT"]);
    expect(table.methodsAt("/a/b")).toEqual([]);
  });

  it("keeps a parameter called __proto__ to itself", () => {
    const params = tableOf("GET /api/{__proto__}").find("GET", "/api/x")!.params!;
    expect(Object.entries(params)).toEqual([["__proto__", "x"]]);
  });
});
