import { parseRouteTemplate, routeNames, type RoutePart } from "../../lib/model/route-template.js";

/** Segments as text: `{name}` with `*` for the rest, `?` for optional, `=` before a default. */
function read(route: string): string | string[] {
  const segments = parseRouteTemplate(route);
  if ("fault" in segments) return segments.fault;
  return segments.map((parts) => parts.map(show).join("+"));
}

function show(part: RoutePart): string {
  if ("text" in part) return part.text;
  const { name, takes, constraints, optional, default: value } = part;
  const texts = constraints.map(({ text }) => `:${text}`).join("");
  return `{${takes === "rest" ? "*" : ""}${name}${texts}${optional ? "?" : ""}${value === undefined ? "" : `=${value}`}}`;
}

describe("a route template", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["hello", ["hello"]],
    ["orders/{id}", ["orders", "{id}"]],
    ["orders/{id}/", ["orders", "{id}"]],
    ["a/{x?}", ["a", "{x?}"]],
    ["a/{x=1}", ["a", "{x?=1}"]],
    ["a/{x:int}", ["a", "{x:int}"]],
    ["a/{x:int?}", ["a", "{x:int?}"]],
    ["a/{x:int:min(1)=5}", ["a", "{x:int:min(1)?=5}"]],
    ["a/{x:regex(^\\d{{3}}-[a=b]$)=123-a}", ["a", "{x:regex(^\\d{3}-[a=b]$)?=123-a}"]],
    ["a/{x:regex(^(a|b)c$):alpha}", ["a", "{x:regex(^(a|b)c$):alpha}"]],
    ["a/{x:regex(a/b)}/c", ["a", "{x:regex(a/b)}", "c"]],
    ["a/{*rest:file}", ["a", "{*rest:file?}"]],
    ["a/{*rest}", ["a", "{*rest?}"]],
    ["a/{**rest}", ["a", "{*rest?}"]],
    ["files/{name}.{ext}", ["files", "{name}+.+{ext}"]],
    ["files/{name}.{ext?}", ["files", "{name}+.+{ext?}"]],
    ["a{{b}}", ["a{b}"]],
    ["~/x", ["~", "x"]],
    ["{__proto__}", ["{__proto__}"]],
  ])("reads %p as the host's router does", (route, segments) => {
    expect(read(route)).toEqual(segments);
  });

  it.each([
    ["/hello", 'it begins with a "/", which stands there already; leave it out'],
    ["a//b", 'it has an empty segment; write one "/" between segments'],
    ["q?x=1", 'it has a "?" outside of braces; a route has no query'],
    ["open/{id", 'it has a "{" without its counterpart; close it, or write "{{" for one'],
    ["open/{id}}", 'it has a "{" without its counterpart; close it, or write "{{" for one'],
    ["open/id}", 'it has a "}" without its counterpart; close it, or write "}}" for one'],
    ["a/{x{y}", 'it has a "{" within braces; write "{{" for one'],
    ["dup/{id}/{ID}", 'it has "ID" twice; give each its own name'],
    ["catch/{*rest}/more", '"rest" takes the rest of the path; give it the last segment alone'],
    ["catch/a{*rest}", '"rest" takes the rest of the path; give it the last segment alone'],
    ["{a}{b}", '"a" and "b" follow each other; put text between them'],
    ["{}", "it has braces without a name; name what they take"],
    ["{?}", "it has braces without a name; name what they take"],
    ["{a?b}", 'the name "a?b" has a "?"; a name holds none of / { } ? *'],
    ["{a/b}", 'the name "a/b" has a "/"; a name holds none of / { } ? *'],
    ["{a=1?}", '"a" has a default and so may be missing; leave out "?"'],
    ["{*a?}", '"a" takes the rest and so may be missing; leave out "?"'],
    [
      "{id:slug}",
      'the constraint "slug" is unknown; write one of int, bool, datetime, decimal, double, float, guid, long, minlength, maxlength, length, min, max, range, alpha, regex, required, file, nonfile',
    ],
    ["{id:}", expect.stringContaining('the constraint "" is unknown')],
    ["{id:range(9,1)}", '"range(9,1)" does not say what it asks for; write range(n,m)'],
    ["{id:int=one}", 'the default "one" of "id" is not int; give one that is'],
    ["x{a?}", '"a" may be missing beside other text; give it a segment of its own'],
  ])("refuses %p: %s", (route, fault) => {
    expect(read(route)).toEqual(fault);
  });

  it("knows its names", () => {
    expect(routeNames("a/{Id:int}/{x?}.{*y}")).toEqual([]);
    expect(routeNames("a/{Id:int}/{x=1}/{*y}")).toEqual(["id", "x", "y"]);
  });
});
