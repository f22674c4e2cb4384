import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../../lib/index.js";
import { freePort } from "../support/daprd.js";
import { startWorker } from "../support/dapr-extension.js";
import { Functions, StandaloneFunctions } from "./functions.js";
import {
  awkward,
  call,
  component,
  contract,
  enc,
  type CallOptions,
  type Contender,
  type Reply as Answer,
} from "./harness.js";
import { startSeen, type Seen } from "./seen.js";

interface Echo {
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trace: string | undefined;
}

interface Published {
  readonly data: unknown;
}

/** What runs the functions between the sidecar and its callers. */
interface Runner {
  readonly url: string;
  close(): Promise<void>;
}

const silence = (): void => undefined;
const log = { log: silence, info: silence, warn: silence, error: silence, debug: silence };

const runners: Readonly<Record<string, (port: number, daprUrl: string) => Promise<Runner>>> = {
  serve: (port, daprUrl) => serve([Functions, StandaloneFunctions], { port, daprUrl, log }),
  "the Functions host, v3": (port, daprUrl) => startWorker({ model: "v3", port, daprUrl, ...fixture }),
  "the Functions host, v4": (port, daprUrl) => startWorker({ model: "v4", port, daprUrl, ...fixture }),
};

const fixture = { source: join(__dirname, "functions.ts"), export: "Functions", functions: [Functions] };

contract("functions", (start) =>
  describe.each(Object.keys(runners))("under %s", (name) => {
    const isServed = name === "serve";
    /** What fails, which the Functions host answers 500 and without a body of its own. */
    const failure = (status: number, json: object): object => (isServed ? { status, json } : { status: 500 });
    let seen: Seen;
    let app: Runner;
    let sidecar: Contender;
    let folder: string;
    const own = { "dapr-api-token": "t0k" };

    beforeAll(async () => {
      seen = await startSeen();
      folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "files-"));
      Object.assign(process.env, {
        SPEC_FUNCTION_SECRET: "s3cret",
        DAPR_API_TOKEN: "t0k",
        APP_API_TOKEN: "app-t0k",
        SEEN_URL: seen.url,
      });
      const port = await freePort();
      sidecar = await start({
        app: { port },
        awaitApp: false,
        apiToken: "t0k",
        appToken: "app-t0k",
        components: {
          store: component("store", "state.in-memory"),
          bus: component("bus", "pubsub.in-memory"),
          files: component("files", "bindings.localstorage", { rootPath: folder }),
          secrets: component("secrets", "secretstores.local.env"),
          tick: component("tick", "bindings.cron", { schedule: "@every 1s" }),
        },
      });
      app = await runners[name]!(port, sidecar.url);
      await sidecar.ready;
    });
    afterAll(async () => {
      for (const variable of ["SPEC_FUNCTION_SECRET", "DAPR_API_TOKEN", "APP_API_TOKEN", "SEEN_URL"]) {
        delete process.env[variable];
      }
      await sidecar.close();
      await app.close();
      await seen.close();
    });

    const to = (method: string, path: string, { headers, body }: CallOptions = {}): Promise<Answer> =>
      call(sidecar.url, method, path, { headers: { ...own, ...headers }, body });
    const invoke = (method: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
      to("POST", `/v1.0/invoke/${sidecar.appId}/method/${method}`, { body, headers });
    const publish = (topic: string, body: unknown, query = "", headers: Record<string, string> = {}): Promise<Answer> =>
      to("POST", `/v1.0/publish/bus/${topic}${query}`, {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      });
    const stored = (key: string): Promise<Answer> => to("GET", `/v1.0/state/store/${enc(key)}`);

    describe("service invocation", () => {
      it.each(["plain", ...awkward])("stores what it is given, under key %j", async (id) => {
        const order = { id, total: 3 };
        expect(await invoke("createOrder", order)).toMatchObject({
          status: 200,
          type: "application/json",
          json: order,
        });
        expect((await stored(id)).json).toEqual(order);
        const record = await invoke("readOrder", { id });
        expect(record.json).toEqual({ key: id, value: order, etag: expect.any(String) });
      });

      it("reads a missing key as nothing", async () => {
        expect(await invoke("readOrder", { id: "missing" })).toMatchObject({ status: 200, json: { key: "missing" } });
      });

      it("writes by etag, and fails on an old one", async () => {
        await invoke("createOrder", { id: "versioned", total: 1 });
        const { etag } = (await invoke("readOrder", { id: "versioned" })).json as { etag: string };
        expect(await invoke("overwrite", { key: "versioned", etag })).toMatchObject({ status: 200 });
        expect(await invoke("overwrite", { key: "versioned", etag })).toMatchObject(
          failure(409, { errorCode: "ERR_STATE_CONFLICT", functionName: "overwrite" }),
        );
      });

      it("writes a transaction", async () => {
        await invoke("createOrder", { id: "swapped-from", total: 1 });
        expect(await invoke("swap", { from: "swapped-from", to: "swapped-to" })).toMatchObject({ status: 200 });
        expect(await stored("swapped-from")).toMatchObject({ status: 204 });
        expect(await stored("swapped-to")).toMatchObject({ status: 200 });
      });

      it("reads a secret", async () => {
        const reply = await invoke("secret", { name: "SPEC_FUNCTION_SECRET" });
        expect(reply).toMatchObject({ status: 200, json: { SPEC_FUNCTION_SECRET: "s3cret" } });
      });

      it("sends to a binding", async () => {
        expect(await invoke("write", { name: "written.txt", text: "by a function" })).toMatchObject({ status: 200 });
        expect(readFileSync(join(folder, "written.txt"), "utf8")).toBe("by a function");
      });

      it("invokes another function, through the sidecar and with its token", async () => {
        const call = { appId: sidecar.appId, methodName: "echo", body: "passed on" };
        expect(await invoke("passOn", call)).toMatchObject({ status: 200 });
        await expect(seen.find<Echo>("echo", ({ payload }) => payload === "passed on")).resolves.toBeDefined();
      });

      it("fails when the function invoked does", async () => {
        const call = { appId: sidecar.appId, methodName: "fail" };
        expect(await invoke("passOn", call)).toMatchObject(failure(500, { functionName: "passOn" }));
      });

      it("answers as the function replies", async () => {
        expect(await invoke("echo")).toMatchObject({ status: 200, text: "" });
        expect(await invoke("echo", [1, null])).toMatchObject({ status: 200, json: [1, null] });
        expect((await invoke("nowhere")).status).toBe(404);
      });

      if (isServed)
        it("answers with a status of the function's own", async () => {
          expect(await invoke("teapot")).toMatchObject({
            status: 418,
            headers: { "x-pot": "yes" },
            json: { short: true },
          });
        });

      it("stores nothing when the function throws", async () => {
        expect(await invoke("fail", {})).toMatchObject(failure(500, { errorCode: "ERR_FUNCTION_FAILED" }));
        expect(await stored("never")).toMatchObject({ status: 204 });
      });

      if (isServed)
        it("answers HTTP routes", async () => {
          const reply = await to("PUT", `/v1.0/invoke/${sidecar.appId}/method/api/orders/41`, { body: { n: 1 } });
          expect(reply).toMatchObject({ status: 202, json: { id: "41", body: { n: 1 } } });
        });
    });

    describe("topics", () => {
      it("publishes values of all kinds, in order", async () => {
        const values = [{ n: 1 }, "text", 0, false, null, [1]];
        expect(await invoke("publish", { topic: "published", values })).toMatchObject({ status: 200 });
        const events = await seen.of<Published>("published", values.length);
        expect(events.map(({ data }) => data)).toEqual(values);
        expect(events[0]).toMatchObject({ source: sidecar.appId, topic: "published", pubsubname: "bus" });
      });

      it("publishes several in one request", async () => {
        const values = [{ n: 1 }, "text", 0];
        expect(await invoke("publishInBulk", values)).toMatchObject({ status: 200 });
        const data = await seen.of("published in bulk", values.length);
        expect(data).toHaveLength(values.length);
        expect(data).toEqual(expect.arrayContaining(values));
      });

      it("publishes under the same ids when an event comes again", async () => {
        const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        const query = "?metadata.cloudevent.id=e-77&metadata.cloudevent.source=shop";
        await publish("relay", "first", query, { traceparent });
        await publish("relay", "first", query, { traceparent });
        const expected = [0, 1].map((index) => {
          const parts = JSON.stringify(["shop", "e-77", "relay", "copies", index]);
          return createHash("sha256").update(parts).digest("hex").slice(0, 32);
        });
        const isOfThese = ({ id }: { id: string }): boolean => expected.includes(id);
        const events = await seen.of<{ id: string; data: string; trace: string }>("relayed", 4, isOfThese);
        expect(events.map(({ data }) => data)).toEqual(["first", "second", "first", "second"]);
        expect(events.map(({ id }) => id)).toEqual([...expected, ...expected]);
        for (const { trace } of events) expect(trace).toContain(traceparent.slice(3, 35));
      });

      it("handles an event whose trace context nobody can parse", async () => {
        const event = {
          specversion: "1.0",
          id: "odd-trace",
          source: "shop",
          type: "t",
          baggage: "2 bags",
          tracestate: "x".repeat(3000),
          data: "odd",
        };
        await publish("relay", event, "", { "content-type": "application/cloudevents+json" });
        const parts = JSON.stringify(["shop", "odd-trace", "relay", "copies", 0]);
        const id = createHash("sha256").update(parts).digest("hex").slice(0, 32);
        const relayed = await seen.find<{ id: string; data: string }>("relayed", (event) => event.id === id);
        expect(relayed.data).toBe("odd");
      });

      it("handles an event once that comes again", async () => {
        for (const data of ["first time", "second time"]) await publish("once", data, "?metadata.cloudevent.id=once-1");
        await seen.of("once or not", 2);
        expect(await seen.of("once")).toEqual(["first time"]);
        await publish("once", "another", "?metadata.cloudevent.id=once-2");
        expect(await seen.of("once", 2)).toEqual(["first time", "another"]);
      });

      if (isServed)
        it("dead-letters what fails, is dropped or is to be retried", async () => {
          for (const data of ["done", "throw", "DROP", "RETRY"]) {
            await publish("guarded", data, `?metadata.cloudevent.id=${data}`);
          }
          expect(await seen.of("dead", 3)).toEqual(
            ["throw", "DROP", "RETRY"].map((data) => ({ id: data, data, topic: "guarded" })),
          );
        });

      if (isServed)
        it("takes events in bulk", async () => {
          for (const data of [1, 2, 3]) await publish("bulk", data);
          expect(await seen.of("bulk", 3)).toEqual([1, 2, 3]);
        });

      if (isServed)
        it("routes by rule", async () => {
          await publish("ruled", "one", "?metadata.cloudevent.type=large");
          await publish("ruled", "two");
          expect(await seen.of("large")).toEqual(["one"]);
          expect(await seen.of("other sizes")).toEqual(["two"]);
        });

      if (isServed)
        it("takes raw messages", async () => {
          await publish("raw", { n: 1 }, "?metadata.rawPayload=true");
          expect(await seen.of("raw")).toEqual([{ n: 1 }]);
        });
    });

    describe("the rest", () => {
      it("is triggered by a binding", async () => {
        const [tick] = await seen.of("tick");
        expect(Object.keys(tick as object)).toEqual(isServed ? ["readAt"] : []);
      });

      it("passes the caller's trace on", async () => {
        const traceparent = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        const call = { appId: sidecar.appId, methodName: "echo", body: "traced" };
        await invoke("passOn", call, { traceparent });
        const echo = await seen.find<Echo>("echo", ({ payload }) => payload === "traced");
        expect(echo.trace).toContain(traceparent.slice(3, 35));
      });

      if (isServed)
        it("keeps the token from the functions, and refuses whoever has none", async () => {
          await invoke("echo", ["guarded"]);
          const echo = await seen.find<Echo>("echo", ({ payload }) => JSON.stringify(payload) === '["guarded"]');
          expect(echo.headers).not.toHaveProperty("dapr-api-token");
          const reply = await call(app.url, "POST", "/echo", { body: {} });
          expect(reply).toMatchObject({ status: 401, json: { errorCode: "ERR_UNAUTHORIZED" } });
        });
    });
  }),
);
