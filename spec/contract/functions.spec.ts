import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  Reply,
  serve,
  type App,
  type BindingCollector,
  type CloudEvent,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type InvokeCollector,
  type PublishCollector,
  type StateCollector,
  type StateRecord,
} from "../../lib/index.js";
import { freePort } from "../support/daprd.js";
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

/** What the functions saw, and who waits for it. */
class Seen {
  readonly #entries: { readonly name: string; readonly value: unknown }[] = [];
  readonly #waiting = new Set<() => void>();

  add(name: string, value: unknown): void {
    this.#entries.push({ name, value });
    for (const check of this.#waiting) check();
  }

  /** The first `count` values of one name, once they are there. */
  of<T>(name: string, count = 1): Promise<T[]> {
    return this.#matching(name, () => true, count);
  }

  /** The first value of one name that fits, once it is there. */
  async find<T>(name: string, fits: (value: T) => boolean): Promise<T> {
    return (await this.#matching(name, fits, 1))[0]!;
  }

  #matching<T>(name: string, fits: (value: T) => boolean, count: number): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} was seen fewer than ${count} times in 15 s`)), 15_000);
      const check = (): void => {
        const found = this.#entries.flatMap((entry) => (entry.name === name ? [entry.value as T] : [])).filter(fits);
        if (found.length < count) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found.slice(0, count));
      };
      this.#waiting.add(check);
      check();
    });
  }
}

interface Echo {
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trace: string | undefined;
}

interface Order {
  readonly id: string;
  readonly total: number;
}

class Functions {
  constructor(private readonly seen: Seen) {}

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "{id}" })
  createOrder(payload: unknown, { order }: { order: StateCollector<unknown> }): unknown {
    order.add(payload);
    return payload;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "{id}", record: true })
  readOrder(_: unknown, { order }: { order: StateRecord<Order> }): StateRecord<Order> {
    return order;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "orders", stateStore: "store", transaction: true })
  swap({ from, to }: { from: string; to: string }, { orders }: { orders: StateCollector<Order> }): void {
    orders.remove({ key: from });
    orders.add({ id: to, total: 1 }, { key: to });
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store" })
  overwrite({ key, etag }: { key: string; etag: string }, { order }: { order: StateCollector<Order> }): void {
    order.add({ id: key, total: 2 }, { key, etag });
  }

  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "secret", secretStoreName: "secrets", key: "{name}" })
  secret(_: unknown, { secret }: { secret: Record<string, string> }): Record<string, string> {
    return secret;
  }

  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "file", bindingName: "files", operation: "create" })
  write({ name, text }: { name: string; text: string }, { file }: { file: BindingCollector<string> }): void {
    file.add(text, { metadata: { fileName: name } });
  }

  @DaprServiceInvocationTrigger()
  @DaprInvoke({ name: "call", appId: "{appId}", methodName: "{methodName}" })
  passOn({ body }: { body: unknown }, { call: collector }: { call: InvokeCollector<unknown> }): void {
    collector.add(body);
  }

  @DaprServiceInvocationTrigger()
  echo(payload: unknown, _: unknown, { triggerMetadata, traceContext }: InvocationContext): unknown {
    this.seen.add("echo", { payload, headers: triggerMetadata, trace: traceContext?.traceParent });
    return payload;
  }

  @DaprServiceInvocationTrigger()
  teapot(): Reply {
    return new Reply({ status: 418, headers: { "x-pot": "yes" }, body: { short: true } });
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "store", key: "never" })
  fail(_: unknown, { order }: { order: StateCollector<number> }): void {
    order.add(1);
    throw new Error("as asked");
  }

  @HttpTrigger({ route: "orders/{id}", methods: ["PUT"] })
  async http(request: HttpRequest): Promise<HttpResponse> {
    return { status: 202, jsonBody: { id: request.params.id, body: await request.json() } };
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "{topic}" })
  publish({ values }: { values: unknown[] }, { events }: { events: PublishCollector<unknown> }): void {
    for (const value of values) events.add(value);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "published-in-bulk", bulk: true })
  publishInBulk(values: unknown[], { events }: { events: PublishCollector<unknown> }): void {
    for (const value of values) events.add(value);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "published" })
  published(event: CloudEvent<unknown>): void {
    this.seen.add("published", event);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "published-in-bulk" })
  publishedInBulk(event: CloudEvent<unknown>): void {
    this.seen.add("published in bulk", event.data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relay" })
  @DaprPublish({ name: "copies", pubSubName: "bus", topic: "relayed" })
  relay(event: CloudEvent<unknown>, { copies }: { copies: PublishCollector<unknown> }): void {
    copies.add(event.data);
    copies.add("second");
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "relayed" })
  relayed(event: CloudEvent<unknown>, _: unknown, { traceContext }: InvocationContext): void {
    this.seen.add("relayed", { id: event.id, data: event.data, trace: traceContext?.traceParent });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "guarded", deadLetterTopic: "dead" })
  guarded({ data }: CloudEvent<string>): { status: string } | undefined {
    if (data === "throw") throw new Error("as asked");
    return data === "done" ? undefined : { status: data };
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "dead" })
  dead({ id, data, topic }: CloudEvent<string>): void {
    this.seen.add("dead", { id, data, topic });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "bulk", bulk: { maxMessagesCount: 5, maxAwaitDurationMs: 20 } })
  bulk({ data }: CloudEvent<unknown>): void {
    this.seen.add("bulk", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "ruled", match: "event.type == 'large'" })
  large({ data }: CloudEvent<unknown>): void {
    this.seen.add("large", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "ruled", route: "other-sizes" })
  otherSizes({ data }: CloudEvent<unknown>): void {
    this.seen.add("other sizes", data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw", metadata: { rawPayload: "true" } })
  raw({ data }: CloudEvent<unknown>): void {
    this.seen.add("raw", data);
  }

  @DaprBindingTrigger({ bindingName: "tick" })
  tick(payload: unknown, _: unknown, { triggerMetadata }: InvocationContext): void {
    this.seen.add("tick", { payload, readAt: triggerMetadata.readtimeutc });
  }

  /** Handles each event once: who marks it first, does the work. */
  @DaprTopicTrigger({ pubSubName: "bus", topic: "once" })
  @DaprStateInput({ name: "mark", stateStore: "store", key: "seen-{id}" })
  @DaprStateOutput({ name: "marks", stateStore: "store", key: "seen-{id}" })
  once({ id, data }: CloudEvent<unknown>, { mark, marks }: { mark: unknown; marks: StateCollector<string> }): void {
    if (mark === undefined) {
      this.seen.add("once", data);
      marks.add(id, { options: { concurrency: "first-write" } });
    }
    this.seen.add("once or not", data);
  }
}

contract("functions", (start) => {
  let seen: Seen;
  let app: App;
  let sidecar: Contender;
  let folder: string;
  const own = { "dapr-api-token": "t0k" };

  beforeAll(async () => {
    seen = new Seen();
    folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "files-"));
    Object.assign(process.env, { SPEC_FUNCTION_SECRET: "s3cret", DAPR_API_TOKEN: "t0k", APP_API_TOKEN: "app-t0k" });
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
    const silence = (): void => undefined;
    const log = { log: silence, info: silence, warn: silence, error: silence, debug: silence };
    app = await serve([new Functions(seen)], { port, daprUrl: sidecar.url, log });
    await sidecar.ready;
  });
  afterAll(async () => {
    for (const name of ["SPEC_FUNCTION_SECRET", "DAPR_API_TOKEN", "APP_API_TOKEN"]) delete process.env[name];
    await sidecar.close();
    await app.close();
  });

  const to = (method: string, path: string, { headers, body }: CallOptions = {}): Promise<Answer> =>
    call(sidecar.url, method, path, { headers: { ...own, ...headers }, body });
  const invoke = (name: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    to("POST", `/v1.0/invoke/${sidecar.appId}/method/${name}`, { body, headers });
  const publish = (topic: string, body: unknown, query = "", headers: Record<string, string> = {}): Promise<Answer> =>
    to("POST", `/v1.0/publish/bus/${topic}${query}`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  const stored = (key: string): Promise<Answer> => to("GET", `/v1.0/state/store/${enc(key)}`);

  describe("service invocation", () => {
    it.each(["plain", ...awkward])("stores what it is given, under key %j", async (id) => {
      const order = { id, total: 3 };
      expect(await invoke("createOrder", order)).toMatchObject({ status: 200, type: "application/json", json: order });
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
      expect(await invoke("overwrite", { key: "versioned", etag })).toMatchObject({
        status: 500,
        json: { errorCode: "ERR_STATE_SAVE", functionName: "overwrite" },
      });
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
      expect(await invoke("passOn", call)).toMatchObject({ status: 500, json: { functionName: "passOn" } });
    });

    it("answers as the function replies", async () => {
      expect(await invoke("teapot")).toMatchObject({ status: 418, headers: { "x-pot": "yes" }, json: { short: true } });
      expect(await invoke("echo")).toMatchObject({ status: 200, text: "" });
      expect(await invoke("echo", [1, null])).toMatchObject({ status: 200, json: [1, null] });
      expect((await invoke("nowhere")).status).toBe(404);
    });

    it("stores nothing when the function throws", async () => {
      expect(await invoke("fail", {})).toMatchObject({ status: 500, json: { errorCode: "ERR_FUNCTION_FAILED" } });
      expect(await stored("never")).toMatchObject({ status: 204 });
    });

    it("answers HTTP routes", async () => {
      const reply = await to("PUT", `/v1.0/invoke/${sidecar.appId}/method/api/orders/41`, { body: { n: 1 } });
      expect(reply).toMatchObject({ status: 202, json: { id: "41", body: { n: 1 } } });
    });
  });

  describe("topics", () => {
    it("publishes values of all kinds, in order", async () => {
      const values = [{ n: 1 }, "text", 0, false, null, [1]];
      expect(await invoke("publish", { topic: "published", values })).toMatchObject({ status: 200 });
      const events = await seen.of<CloudEvent<unknown>>("published", values.length);
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
      const events = await seen.of<{ id: string; data: string; trace: string }>("relayed", 4);
      expect(events.map(({ data }) => data)).toEqual(["first", "second", "first", "second"]);
      const ids = events.map(({ id }) => id);
      const expected = [0, 1].map((index) => {
        const parts = JSON.stringify(["shop", "e-77", "relay", "copies", index]);
        return createHash("sha256").update(parts).digest("hex").slice(0, 32);
      });
      expect(ids).toEqual([...expected, ...expected]);
      for (const { trace } of events) expect(trace).toContain(traceparent.slice(3, 35));
    });

    it("handles an event once that comes again", async () => {
      for (const data of ["first time", "second time"]) await publish("once", data, "?metadata.cloudevent.id=once-1");
      await seen.of("once or not", 2);
      expect(await seen.of("once")).toEqual(["first time"]);
      await publish("once", "another", "?metadata.cloudevent.id=once-2");
      expect(await seen.of("once", 2)).toEqual(["first time", "another"]);
    });

    it("dead-letters what fails, is dropped or is to be retried", async () => {
      for (const data of ["done", "throw", "DROP", "RETRY"]) {
        await publish("guarded", data, `?metadata.cloudevent.id=${data}`);
      }
      expect(await seen.of("dead", 3)).toEqual(
        ["throw", "DROP", "RETRY"].map((data) => ({ id: data, data, topic: "guarded" })),
      );
    });

    it("takes events in bulk", async () => {
      for (const data of [1, 2, 3]) await publish("bulk", data);
      expect(await seen.of("bulk", 3)).toEqual([1, 2, 3]);
    });

    it("routes by rule", async () => {
      await publish("ruled", "one", "?metadata.cloudevent.type=large");
      await publish("ruled", "two");
      expect(await seen.of("large")).toEqual(["one"]);
      expect(await seen.of("other sizes")).toEqual(["two"]);
    });

    it("takes raw messages", async () => {
      await publish("raw", { n: 1 }, "?metadata.rawPayload=true");
      const [data] = await seen.of<Uint8Array>("raw");
      expect(JSON.parse(Buffer.from(data!).toString())).toEqual({ n: 1 });
    });
  });

  describe("the rest", () => {
    it("is triggered by a binding", async () => {
      const [tick] = await seen.of("tick");
      expect(tick).toEqual({ payload: undefined, readAt: expect.any(String) });
    });

    it("passes the caller's trace on", async () => {
      const traceparent = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
      const call = { appId: sidecar.appId, methodName: "echo", body: "traced" };
      await invoke("passOn", call, { traceparent });
      const echo = await seen.find<Echo>("echo", ({ payload }) => payload === "traced");
      expect(echo.trace).toContain(traceparent.slice(3, 35));
    });

    it("keeps the token from the functions, and refuses whoever has none", async () => {
      await invoke("echo", ["guarded"]);
      const echo = await seen.find<Echo>("echo", ({ payload }) => JSON.stringify(payload) === '["guarded"]');
      expect(echo.headers).not.toHaveProperty("dapr-api-token");
      const reply = await call(app.url, "POST", "/echo", { body: {} });
      expect(reply).toMatchObject({ status: 401, json: { errorCode: "ERR_UNAUTHORIZED" } });
    });
  });
});
