import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMesh } from "../../lib/sidecar/index.js";
import { startDaprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { startApp, type RecordingApp } from "./app.js";
import { call, component } from "./harness.js";

interface Pair {
  readonly caller: string;
  readonly callee: string;
  /** Of the caller's sidecar. */
  readonly url: string;
  close(): Promise<void>;
}

type StartPair = (caller: RecordingApp, callee: RecordingApp) => Promise<Pair>;

const id = (name: string): string => `${name}-${randomBytes(6).toString("hex")}`;
const newFolder = (): string => mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "mesh-"));

const onDaprd: StartPair = async (caller, callee) => {
  const folder = newFolder();
  writeFileSync(join(folder, "cart.yaml"), component("cart", "state.in-memory"));
  const names = join(newFolder(), "names.db");
  const [from, to] = [id("caller"), id("callee")];
  const second = await startDaprd({ appId: to, appPort: callee.port, resources: [folder], names });
  const first = await startDaprd({ appId: from, appPort: caller.port, resources: [folder], names });
  await Promise.all([first.ready, second.ready]);
  return {
    caller: from,
    callee: to,
    url: first.url,
    close: async () => void (await Promise.all([first.close(), second.close()])),
  };
};

const embedded: StartPair = async (caller, callee) => {
  const [from, to] = [id("caller"), id("callee")];
  const mesh = await startMesh({
    apps: [
      { appId: from, appPort: caller.port },
      { appId: to, appPort: callee.port },
    ],
    log: { info: () => undefined, warn: () => undefined },
  });
  await Promise.all([...mesh.sidecars.values()].map(({ ready }) => ready));
  return { caller: from, callee: to, url: mesh.sidecars.get(from)!.url, close: () => mesh.close() };
};

const starters = canRun("calls between applications", "daprd") ? { daprd: onDaprd, embedded } : { embedded };

describe.each(Object.entries(starters))("calls between applications [%s]", (_name, start) => {
  let caller: RecordingApp;
  let callee: RecordingApp;
  let pair: Pair;

  beforeAll(async () => {
    caller = await startApp();
    callee = await startApp({
      answer: ({ path }) => {
        if (path === "/sold-out") {
          return { status: 409, headers: { "content-type": "application/json", "x-own": "y" }, body: '{"left":0}' };
        }
        return path.startsWith("/dapr") ? undefined : { headers: { "x-own": "y" }, body: "done" };
      },
    });
    pair = await start(caller, callee);
  });
  afterAll(async () => {
    await pair.close();
    await caller.close();
    await callee.close();
  });

  const last = () => callee.requests.at(-1)!;

  it("arrive with verb, path, query, body and headers, and with who calls whom", async () => {
    const headers = { "x-mine": "x" };
    const path = `/v1.0/invoke/${pair.callee}/method/orders/41?q=a%20b`;
    const reply = await call(pair.url, "PUT", path, { headers, body: { n: 1 } });
    expect(reply).toMatchObject({ status: 200, text: "done" });
    expect(reply.headers["x-own"]).toBe("y");
    expect(last()).toMatchObject({ method: "PUT", path: "/orders/41?q=a%20b", json: { n: 1 } });
    expect(last().headers).toMatchObject({
      "x-mine": "x",
      "content-type": "application/json",
      "dapr-caller-app-id": pair.caller,
      "dapr-callee-app-id": pair.callee,
      "dapr-caller-namespace": "default",
    });
  });

  it("go by the header that names the app", async () => {
    const reply = await call(pair.url, "POST", "/any", { headers: { "dapr-app-id": pair.callee }, body: {} });
    expect(reply.status).toBe(200);
    expect(last()).toMatchObject({ method: "POST", path: "/any" });
    expect(last().headers["dapr-app-id"]).not.toBe(pair.caller);
  });

  it("take the namespace with the app's id", async () => {
    const reply = await call(pair.url, "POST", `/v1.0/invoke/${pair.callee}.default/method/m`, { body: {} });
    expect(reply.status).toBe(200);
  });

  it("bring back what the callee says no with", async () => {
    const reply = await call(pair.url, "POST", `/v1.0/invoke/${pair.callee}/method/sold-out`, { body: {} });
    expect(reply).toMatchObject({ status: 409, json: { left: 0 } });
    expect(reply.headers["x-own"]).toBe("y");
  });

  it("fail for an app that is not there", async () => {
    const reply = await call(pair.url, "POST", "/v1.0/invoke/nobody-of-this-name/method/m", { body: {} });
    expect(reply).toMatchObject({ status: 500, json: { errorCode: "ERR_DIRECT_INVOKE" } });
  });
});
