import { checkedForHost, toHandlerResult } from "../../../lib/azure/host/reply.js";
import type { WireReply } from "../../../lib/invocation/reply.js";
import type { FunctionDefinition } from "../../../lib/model/function-definition.js";
import { invocationContext } from "../../../lib/testing/index.js";

function replyWith(headers: WireReply["headers"]): WireReply {
  return { status: 200, headers, body: undefined };
}

function cookies(...lines: string[]): WireReply {
  return replyWith(lines.map((line) => ["set-cookie", line]));
}

const http = {
  className: "Shop",
  methodName: "web",
  trigger: { type: "httpTrigger" },
} as unknown as FunctionDefinition;

describe("the headers of an HTTP reply, as the Functions host takes them,", () => {
  it("are one text a name, whatever the name", () => {
    const names = ["vary", "constructor", "__proto__", "toString", "hasOwnProperty"];
    const reply = replyWith(names.flatMap((name) => [[name, "a"] as const, [name.toUpperCase(), "b"] as const]));
    const { headers } = toHandlerResult(reply, true) as { headers: object };
    expect(Object.entries(headers)).toEqual(names.map((name) => [name.toLowerCase(), "a, b"]));
  });

  it.each([
    ["a=1", { name: "a", value: "1" }],
    ["a=x%20y", { name: "a", value: "x y" }],
    ["a=", { name: "a", value: "" }],
    ["a=1; path=/; HTTPONLY; secure; SameSite=lax;", { name: "a", value: "1", path: "/", sameSite: "Lax" }],
    ["a=1; Secure; Max-Age=60; Domain=example.org", { name: "a", value: "1", maxAge: 60, domain: "example.org" }],
    ["a=1; Expires=Tue, 01 Jan 2030 00:00:00 GMT", { name: "a", value: "1", expires: new Date("2030-01-01") }],
  ])("hold a cookie that the host writes alike in its list: %s", (line, cookie) => {
    const result = toHandlerResult(cookies(line), true);
    expect(result).toEqual({ status: 200, headers: {}, cookies: [expect.objectContaining(cookie)] });
  });

  it.each([
    "sid=ab/c+d==",
    "a=x%2fy",
    "a=%zz",
    'a="x y"',
    "a=1; Foo=bar",
    "flag; Path=/",
    "a=1; Path=/; Path=/b",
    "a=1; Max-Age=soon",
    "a=1; SameSite=Sometimes",
    "a=1; Expires=Tue, 01-Jan-2030 00:00:00 GMT",
    "a=1; Secure; Partitioned",
    "a=1; Priority=High",
  ])("hold a cookie that it would write otherwise as it is: %s", (line) => {
    const reply = cookies("b=1", line);
    expect(checkedForHost(reply, http, invocationContext())).toBe(reply);
    expect(toHandlerResult(reply, true)).toEqual({
      status: 200,
      headers: { "set-cookie": line },
      cookies: [{ name: "b", value: "1" }],
    });
  });

  it("are refused with two such cookies, which would become one", () => {
    expect(() => checkedForHost(cookies("a=/", "b=1; Partitioned"), http, invocationContext())).toThrow(
      expect.objectContaining({ code: "ERR_REPLY_INVALID", message: expect.stringContaining("Shop.web: ") as string }),
    );
  });
});
