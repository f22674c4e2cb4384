import type { IncomingMessage, ServerResponse } from "node:http";
import { NodeCall, targetOf } from "../../lib/server/node-call.js";

function urlOf(rawHeaders: string[], socket: object | undefined): string {
  const request = { method: "GET", url: "/api/orders?a=1", rawHeaders, socket } as unknown as IncomingMessage;
  return new NodeCall(request, {} as ServerResponse, Buffer.alloc(0), undefined).url;
}

describe("the URL of a request", () => {
  it.each<[string, string[], object | undefined, string]>([
    ["of node:http", ["Host", "shop:3001"], {}, "http://shop:3001"],
    ["of node:https", ["Host", "shop"], { encrypted: true }, "https://shop"],
    ["of HTTP/2", [":method", "GET", ":authority", "shop"], { encrypted: true }, "https://shop"],
    ["whose connection is gone", ["host", "shop"], undefined, "http://shop"],
    ["without a host", [], {}, "http://localhost"],
  ])("%s", (_case, headers, socket, origin) => {
    expect(urlOf(headers, socket)).toBe(`${origin}/api/orders?a=1`);
  });
});

describe("the target of a request", () => {
  it.each([
    ["/api/orders?a=1", "/api/orders?a=1"],
    ["//api", "//api"],
    ["http://shop:80/api/orders?a=1", "/api/orders?a=1"],
    ["HTTPS://shop?a=1", "/?a=1"],
    ["http://shop", "/"],
    ["*", "*"],
    ["shop:443", "shop:443"],
    [undefined, "/"],
  ])("%s is %s", (url, target) => {
    expect(targetOf({ url } as IncomingMessage)).toBe(target);
  });
});
