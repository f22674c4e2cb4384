import type { DaprClient } from "../../../lib/client/dapr-client.js";
import { HttpDaprClient } from "../../../lib/client/http/http-dapr-client.js";
import { freePort } from "../../support/daprd.js";
import type { RecordingSidecar } from "../../support/recording-sidecar.js";
import { eachClient } from "./each-client.js";

let sidecar: RecordingSidecar;
let client: HttpDaprClient;

eachClient((...given) => ([client, sidecar] = given));

const get = { stateStore: "s", key: "k" };

/** An error whose code cannot be read, as a proxy's. */
function unreadable(): Error {
  return Object.defineProperty(new Error("unreadable"), "code", {
    get() {
      throw new Error("boo");
    },
  });
}

describe("a call that fails", () => {
  it("rejects each call whose signal gives a reason that cannot be read, and leaves the client able to send", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let isHeld = true;
    sidecar.answer = () => (isHeld ? new Promise(() => {}) : {});
    const calls = [client.getState({ ...get, signal }), client.getState({ ...get, signal })];
    while (sidecar.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(unreadable());
    expect(await Promise.allSettled(calls)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    isHeld = false;
    await expect(client.getState(get)).resolves.toEqual({ value: undefined, etag: undefined });
  });

  it("rejects when the reason comes while a refused connection is waited for", async () => {
    const controller = new AbortController();
    const nowhere = new HttpDaprClient({ url: `http://127.0.0.1:${await freePort()}` });
    const call = nowhere.getState({ ...get, signal: controller.signal });
    setTimeout(() => controller.abort(unreadable()), 20);
    await expect(call).rejects.toThrow("boo");
    await nowhere.close();
  });

  it("rejects when what the sidecar says of an entry cannot be made text", async () => {
    const error = { toString: 1, valueOf: 1 };
    sidecar.answer = () => ({ status: 500, body: JSON.stringify({ failedEntries: [{ entryId: "1", error }] }) });
    const entries = ["1", "2"].map((content) => ({ payload: { contentType: "text/plain", content } }));
    await expect(client.publishBulk({ pubSubName: "bus", topic: "t", entries })).rejects.toThrow("primitive");
  });

  it.each<[string, () => Promise<unknown>]>([
    ["was answered", async () => await client.getState(get)],
    ["got an answer of another shape", async () => await client.getSecret({ secretStoreName: "s", key: "k" })],
    ["was not answered", async () => await client.getState({ ...get, timeout: 20 })],
  ])("names the line that called in the stack of one that %s", async (what, call) => {
    if (what === "was answered") sidecar.answer = () => ({ status: 500 });
    if (what === "was not answered") sidecar.answer = () => new Promise(() => {});
    const thrown: unknown = await callFromHere(call).catch((error: unknown) => error);
    expect((thrown as Error).stack).toContain("callFromHere");
  });

  it.each<keyof DaprClient>([
    "saveState",
    "getState",
    "getBulkState",
    "deleteState",
    "transactState",
    "publish",
    "publishBulk",
    "invokeMethod",
    "invokeBinding",
    "getSecret",
  ])("rejects and does not throw where %s gets no request", async (method) => {
    const call = client[method] as unknown as () => Promise<unknown>;
    await expect(call.call(client)).rejects.toThrow(TypeError);
  });
});

async function callFromHere(call: () => Promise<unknown>): Promise<unknown> {
  return await call();
}
