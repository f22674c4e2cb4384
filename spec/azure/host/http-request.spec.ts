import { brotliCompressSync, gzipSync } from "node:zlib";
import { toHandler } from "../../../lib/azure/index.js";
import { HttpTrigger, type HttpRequest, type HttpResponse } from "../../../lib/index.js";
import type { FunctionsHttpResponse } from "../../../lib/azure/host/reply.js";

class Web {
  static runs = 0;

  @HttpTrigger({ methods: ["POST"] })
  async echo(request: HttpRequest): Promise<HttpResponse> {
    Web.runs++;
    return { jsonBody: { text: await request.text(), name: request.headers.get("x-name") } };
  }
}

/** What the v3 model answers to a request. */
async function answerTo(headers: Record<string, string>, body: Uint8Array | string) {
  const log = Object.assign(() => undefined, { warn: () => undefined, error: () => undefined });
  const url = "http://localhost/api/echo";
  const request = { method: "POST", url, headers, query: {}, params: {}, bufferBody: Buffer.from(body) };
  const context = { invocationId: "i-1", bindings: {}, req: request, log };
  const answer = (await toHandler(() => ({ Web }), "echo")(context)) as FunctionsHttpResponse;
  return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.body as string) as object };
}

beforeEach(() => void (Web.runs = 0));

describe("a request that the Functions host passes on", () => {
  it.each<[string, string, Uint8Array | string]>([
    ["gzip", "gzip", gzipSync("text")],
    ["two", "gzip, br", brotliCompressSync(gzipSync("text"))],
    ["none", "identity", "text"],
    ["no body", "gzip", ""],
  ])("has its content-encoding undone as beside a sidecar: %s", async (_case, encoding, body) => {
    const { status, json } = await answerTo({ "content-type": "text/plain", "content-encoding": encoding }, body);
    expect([status, json]).toEqual([200, { text: body === "" ? "" : "text", name: null }]);
  });

  it.each<[string, string, Uint8Array | string, number, string]>([
    ["that nobody knows", "compress", "text", 415, "ERR_CONTENT_ENCODING"],
    ["that is not what its body has", "gzip", "text", 400, "ERR_MALFORMED_REQUEST"],
    ["that grows too large", "gzip", gzipSync(Buffer.alloc(30_000_001)), 413, "ERR_PAYLOAD_TOO_LARGE"],
  ])("is refused with one %s, and its function does not run", async (_case, encoding, body, status, errorCode) => {
    const answer = await answerTo({ "content-encoding": encoding }, body);
    expect([answer.status, answer.json]).toMatchObject([
      status,
      { errorCode, functionName: "echo", invocationId: "i-1" },
    ]);
    expect(answer.headers["accept-encoding"]).toBe(status === 415 ? "gzip, deflate, br" : undefined);
    expect(Web.runs).toBe(0);
  });

  it.each([
    ["Zoë", "Zoë"],
    ["日本", Buffer.from("日本").toString("latin1")],
  ])("may have %s in a header", async (given, seen) => {
    const { status, json } = await answerTo({ "x-name": given }, "");
    expect([status, json]).toEqual([200, { text: "", name: seen }]);
  });
});
