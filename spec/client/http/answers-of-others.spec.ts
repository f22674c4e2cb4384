import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import type { DaprClient } from "../../../lib/client/dapr-client.js";
import { HttpDaprClient } from "../../../lib/client/http/http-dapr-client.js";
import { JsonText } from "../../../lib/model/json.js";

const payload = { contentType: "application/json", content: new JsonText("1") };

/** Every call. */
const calls: Readonly<Record<string, (client: DaprClient) => Promise<unknown>>> = {
  saveState: (client) => client.saveState({ stateStore: "s", entries: [{ key: "k", value: new JsonText("1") }] }),
  deleteState: (client) => client.deleteState({ stateStore: "s", key: "k" }),
  transactState: (client) =>
    client.transactState({ stateStore: "s", operations: [{ operation: "delete", request: { key: "k" } }] }),
  publish: (client) => client.publish({ pubSubName: "b", topic: "t", payload }),
  publishBulk: (client) => client.publishBulk({ pubSubName: "b", topic: "t", entries: [{ payload }, { payload }] }),
  getState: (client) => client.getState({ stateStore: "s", key: "k" }),
  getBulkState: (client) => client.getBulkState({ stateStore: "s", keys: ["k"] }),
  getSecret: (client) => client.getSecret({ secretStoreName: "s", key: "k" }),
  metadata: (client) => client.metadata(),
  invokeBinding: (client) => client.invokeBinding({ bindingName: "b", operation: "get" }),
  "invokeBinding, discarded": (client) => client.invokeBinding({ bindingName: "b", operation: "get", discard: true }),
  invokeMethod: (client) => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "POST" }),
  "invokeMethod, discarded": (client) =>
    client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "POST", discard: true }),
};
const isCallees = (name: string): boolean => name.startsWith("invokeMethod");

const page = "<!doctype html><title>app</title>";
const html = (type: string, status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\n${type}\r\nContent-Length: ${page.length}\r\n\r\n${page}`;

/** Answers that a callee may give, and daprd itself never does. */
const pages = {
  "a page": html("Content-Type: text/html"),
  "a page that names its charset": html("content-type: text/html; charset=utf-8"),
  "a page by another name": html("CONTENT-TYPE: TEXT/HTML;CHARSET=UTF-8"),
  "a page as XML": html("Content-Type: application/xhtml+xml"),
  "a page with 201": html("Content-Type: text/html", "201 Created"),
};

/** Answers after which the connection ends, so that nobody knows whether all of it came. */
const halves = {
  "half of an object": 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"n":1',
  "what could be half of a number": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n12",
  "all of it, as HTTP/1.0 does": 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"n":1}',
  "nothing but a status": "HTTP/1.1 200 OK\r\n\r\n",
};

/** Statuses that end no request. */
const noAnswers = {
  "101 for nothing": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
  "101 to another protocol": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  "a status below 100": "HTTP/1.1 099 Huh\r\nContent-Length: 0\r\n\r\n",
};

describe("a client whose address leads to no sidecar", () => {
  let server: Server;
  let client: HttpDaprClient;
  let answer: string;

  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on("error", () => {});
      // The requests are short: each comes in one piece, or its head does.
      socket.once("data", () => socket.end(answer));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  beforeEach(() => {
    client = new HttpDaprClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeout: 5000 });
  });

  afterEach(async () => await client.close());
  afterAll(async () => await new Promise((resolve) => server.close(resolve)));

  const refused = async (name: string): Promise<{ readonly code: string; readonly message: string }> => {
    try {
      await calls[name]!(client);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error(`${name} was taken for answered by a sidecar`);
  };

  const table = (answers: object, isFor: (name: string) => boolean = () => true): readonly [string, string, string][] =>
    Object.entries(answers).flatMap(([what, text]) =>
      Object.keys(calls).flatMap((name): [string, string, string][] =>
        isFor(name) ? [[what, name, text as string]] : [],
      ),
    );

  it.each(table(pages, (name) => !isCallees(name)))("takes no success from %s: %s", async (_what, name, text) => {
    answer = text;
    const { code, message } = await refused(name);
    expect(code).toBe("ERR_DAPR_REQUEST_FAILED");
    expect(message).toMatch(/: answered 20[01] with a page of HTML; does http:\S+ lead to a sidecar\?$/);
  });

  it.each(Object.entries({ ...pages, ...halves }))(
    "does not wait for a sidecar with success on %s",
    async (_what, text) => {
      answer = text;
      // How often it asks is a matter of time.
      await expect(client.waitForOutbound({ timeout: 100 })).rejects.toMatchObject({ code: "ERR_DAPR_REQUEST_FAILED" });
    },
  );

  it.each(table(halves))("takes no success from %s: %s", async (_what, name, text) => {
    answer = text;
    const { code, message } = await refused(name);
    expect(code).toBe("ERR_DAPR_REQUEST_FAILED");
    expect(message).toMatch(/: answered 200 without a length, so that half of it may be missing; does \S+ lead to/);
  });

  it.each(table(noAnswers))("says of %s that it is not an answer: %s", async (_what, name, text) => {
    answer = text;
    const { code, message } = await refused(name);
    expect(code).toBe("ERR_DAPR_REQUEST_FAILED");
    expect(message).toMatch(/: (the answer is not valid HTTP\/1\.1|bad upgrade)$/);
  });

  it.each(Object.entries(pages))("gives what a callee answers, also %s", async (_what, text) => {
    answer = text;
    const { status, body } = await client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET" });
    expect([status >= 200, Buffer.from(body).toString()]).toEqual([true, page]);
  });

  it("gives what a callee answers to HEAD, which has no body to be measured", async () => {
    answer = "HTTP/1.1 200 OK\r\nX-Total: 7\r\n\r\n";
    const { headers } = await client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "HEAD" });
    expect(headers).toMatchObject({ "x-total": "7" });
  });

  it.each(["saveState", "deleteState", "transactState", "publish", "publishBulk"])(
    "takes any other success of a stand-in: %s",
    async (name) => {
      for (const text of [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
      ]) {
        answer = text;
        await expect(calls[name]!(client)).resolves.toBeUndefined();
      }
    },
  );
});
