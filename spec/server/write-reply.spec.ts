import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { WireReply } from "../../lib/invocation/reply.js";
import { isPromise } from "../../lib/model/maybe-promise.js";
import { writeReply } from "../../lib/server/write-reply.js";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that answers with what is given, and the request to it. */
async function asked(answer: (response: ServerResponse) => unknown) {
  const server = createServer((_request, response) => void answer(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return request({ port: (server.address() as AddressInfo).port, agent: false });
}

/** What a caller gets of a reply. */
async function written(reply: WireReply) {
  const outgoing = await asked((response) => writeReply(response, reply));
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

describe("a reply that is written", () => {
  it.each([
    [200, "0"],
    [202, "0"],
    [204, undefined],
    [205, "0"],
    [304, undefined],
    [404, "0"],
  ])("%d without a body has the length %s", async (status, length) => {
    const { headers, ...reply } = await written({ status, headers: [], body: undefined });
    expect([reply.status, headers["content-length"], reply.body]).toEqual([status, length, ""]);
  });

  it.each<[string, string | Uint8Array, string]>([
    ["text, in bytes", "é", "2"],
    ["bytes", new Uint8Array([65]), "1"],
  ])("has the length of its %s", async (_case, body, length) => {
    const { headers } = await written({ status: 200, headers: [["content-type", "text/plain"]], body });
    expect([headers["content-length"], headers["content-type"]]).toEqual([length, "text/plain"]);
  });

  it("keeps headers of one name apart", async () => {
    const cookies = [["set-cookie", "a=1"] as const, ["set-cookie", "b=2"] as const];
    expect((await written({ status: 200, headers: cookies, body: "" })).headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  it("may be a stream", async () => {
    const body = new Blob(["a", "b"]).stream() as ReadableStream<Uint8Array>;
    expect(await written({ status: 200, headers: [], body })).toMatchObject({ status: 200, body: "ab" });
  });

  it("ends its stream when the caller goes away", async () => {
    let cancelled!: () => void;
    const isCancelled = new Promise<void>((resolve) => (cancelled = resolve));
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: cancelled,
    });
    let sent: Promise<void> | undefined;
    const outgoing = await asked((response) => (sent = writeReply(response, { status: 200, headers: [], body })));
    outgoing.on("response", () => outgoing.destroy()).on("error", () => undefined);
    outgoing.end();
    await isCancelled;
    await expect(sent).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  it("is not written to a caller that has gone, and lets its stream go", async () => {
    const body = new Blob(["a"]).stream() as ReadableStream<Uint8Array>;
    const seen = await new Promise<unknown[]>((resolve) => {
      void asked((response) => {
        response.destroy();
        const text = writeReply(response, { status: 200, headers: [], body: "x" });
        resolve([text, isPromise(writeReply(response, { status: 200, headers: [], body }))]);
      }).then((outgoing) => outgoing.on("error", () => undefined).end());
    });
    expect(seen).toEqual([undefined, true]);
  });
});
