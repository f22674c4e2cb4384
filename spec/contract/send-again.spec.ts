import { gzipSync } from "node:zlib";
import {
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  HttpTrigger,
  serve,
  type App,
  type CloudEvent,
  type HttpRequest,
  type InvocationContext,
  type InvocationRequest,
} from "../../lib/index.js";
import { obstacle, requestOf } from "../../lib/inspector/page/copies.js";
import type { InvocationRecord } from "../../lib/inspector/page/wire.js";
import { Recorder } from "../../lib/inspector/recorder.js";
import { freePort } from "../support/daprd.js";
import { call, component, contract, type CallOptions, type Contender } from "./harness.js";
import { Seen } from "./seen.js";

/* What the inspector's page sends for a record is what the function got when the record was made. */

let seen: Seen;

/** Bytes and numbers as text that compares. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, function (this: Record<string, unknown>, name: string, given: unknown) {
      const own = this[name];
      return own instanceof Uint8Array ? `bytes ${Buffer.from(own).toString("hex")}` : given;
    }),
  );
}

function requestSeen({ method, path, query, headers }: InvocationRequest): object {
  const kept = ["content-type", "x-tenant", "accept"].map((name) => [name, headers.get(name)]);
  return { method, path, query: String(query), headers: kept };
}

/** What makes an event that event, and not its delivery. */
function eventSeen({ source, type, datacontenttype, subject, data, ...rest }: CloudEvent): unknown {
  return plain({ source, type, datacontenttype, subject, data, myext: rest["myext"] });
}

class Functions {
  @DaprServiceInvocationTrigger({ methodName: "orders/{id}", methods: ["GET", "POST", "PUT", "DELETE"] })
  order(payload: unknown, _: unknown, { request }: InvocationContext): void {
    seen.add("order", { payload: plain(payload), ...requestSeen(request!) });
  }

  @HttpTrigger({ authLevel: "anonymous", route: "hello/{name}" })
  async hello(request: HttpRequest, _: unknown, context: InvocationContext): Promise<void> {
    const body = Buffer.from(await request.arrayBuffer()).toString("hex");
    seen.add("hello", { body, params: request.params, ...requestSeen(context.request!) });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "single" })
  single(event: CloudEvent, _: unknown, { triggerMetadata }: InvocationContext): void {
    seen.add("single", { event: eventSeen(event), mymeta: triggerMetadata?.["mymeta"] });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "in/bulk", bulk: { maxAwaitDurationMs: 20 } })
  bulk(event: CloudEvent): void {
    seen.add("in/bulk", { event: eventSeen(event) });
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw", metadata: { rawPayload: "true" } })
  raw(event: CloudEvent): void {
    seen.add("raw", { event: plain(event.data) });
  }

  @DaprTopicTrigger({
    pubSubName: "bus",
    topic: "raw-bulk",
    bulk: { maxAwaitDurationMs: 20 },
    metadata: { rawPayload: "true" },
  })
  rawBulk(event: CloudEvent): void {
    seen.add("raw-bulk", { event: plain(event.data) });
  }

  @DaprBindingTrigger({ bindingName: "queue" })
  queue(payload: unknown): void {
    seen.add("queue", { payload: plain(payload) });
  }
}

const silence = (): void => undefined;
const log = { log: silence, info: silence, warn: silence, error: silence, debug: silence };
const json = { "content-type": "application/json" };
const octets = { "content-type": "application/octet-stream" };
const bytes = Buffer.from([0x00, 0x01, 0xff]);
const ownEvent = {
  specversion: "1.0",
  id: "own-1",
  source: "/shop",
  type: "order.made",
  subject: "o7",
  myext: "x",
  time: "2026-01-02T03:04:05Z",
  datacontenttype: "application/json",
  data: { id: 7, text: 'a "quoted" {brace}, [and] \\' },
};

type Row = readonly [what: string, name: string, method: string, path: string, options: CallOptions];

const calls: readonly Row[] = [
  ["JSON with a query and headers", "order", "POST", "/orders/7?q=a%20b&q=2", { headers: { ...json, "x-tenant": "acme", accept: "text/x" }, body: '{"n": 1.50}' }],
  ["text", "order", "POST", "/orders/7", { headers: { "content-type": "text/plain" }, body: "it's @plain" }],
  ["text that is not UTF-8", "order", "PUT", "/orders/7", { headers: { "content-type": "text/plain; charset=latin1" }, body: Buffer.from("é", "latin1") }],
  ["bytes", "order", "POST", "/orders/7", { headers: octets, body: bytes }],
  ["a form", "order", "POST", "/orders/7", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1&b=%20" }],
  ["what was compressed", "order", "POST", "/orders/7", { headers: { ...json, "content-encoding": "gzip" }, body: gzipSync('{"a":1}') }],
  ["no body", "order", "GET", "/orders/7?x", {}],
  ["a DELETE", "order", "DELETE", "/orders/7", {}],
  ["a path with escapes", "order", "POST", "/orders/a%20b%C3%A9%2525", { headers: json, body: "1" }],
]; // prettier-ignore

const events: readonly Row[] = [
  ["JSON", "single", "POST", "/single", { headers: json, body: '{"id":7,"big":12345678901234567890.50}' }],
  ["JSON with metadata", "single", "POST", "/single?metadata.mymeta=m%201", { headers: json, body: "[1]" }],
  ["text", "single", "POST", "/single", { headers: { "content-type": "text/plain" }, body: "plain" }],
  ["bytes", "single", "POST", "/single", { headers: octets, body: bytes }],
  ["an event of its own", "single", "POST", "/single", { headers: { "content-type": "application/cloudevents+json" }, body: JSON.stringify(ownEvent) }],
  ["JSON in bulk", "in/bulk", "POST", "/in/bulk", { headers: json, body: '{"id":8}' }],
  ["bytes in bulk", "in/bulk", "POST", "/in/bulk", { headers: octets, body: bytes }],
  ["a raw message", "raw", "POST", "/raw?metadata.rawPayload=true", { headers: octets, body: bytes }],
  ["raw JSON", "raw", "POST", "/raw?metadata.rawPayload=true", { headers: json, body: '{"a":1}' }],
  ["raw JSON without an envelope", "single", "POST", "/single?metadata.rawPayload=true", { headers: json, body: '{"a":1}' }],
  ["a raw message in bulk", "raw-bulk", "POST", "/raw-bulk?metadata.rawPayload=true", { headers: octets, body: bytes }],
]; // prettier-ignore

contract("sending again", (start) => {
  let onRecord: (record: InvocationRecord) => void;
  let app: App;
  let sidecar: Contender;
  let count: Record<string, number>;

  beforeAll(async () => {
    seen = new Seen("", () => Promise.resolve());
    count = {};
    const port = await freePort();
    sidecar = await start({
      app: { port },
      awaitApp: false,
      components: { bus: component("bus", "pubsub.in-memory") },
    });
    const recorder = new Recorder(sidecar.appId, (record) => {
      if (record.ms !== undefined) onRecord(record);
    });
    app = await serve([Functions], { port, daprUrl: sidecar.url, log, observers: [recorder] });
    await sidecar.ready;
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  /** That of the next invocation, which comes when it has been answered. */
  const nextRecord = (): Promise<InvocationRecord> => new Promise((resolve) => (onRecord = resolve));
  /** The next thing that a function sees. */
  const next = async (name: string): Promise<unknown> => {
    const at = (count[name] = (count[name] ?? 0) + 1);
    return (await seen.of(name, at))[at - 1];
  };
  const again = async (record: InvocationRecord, name: string): Promise<unknown> => {
    expect(obstacle(record)).toBeUndefined();
    const { method, path, headers, body, isBase64 } = requestOf(record);
    const bytes = body === undefined ? undefined : Buffer.from(body, isBase64 === true ? "base64" : "utf8");
    const ended = nextRecord();
    const reply = await call(sidecar.url, method, path, { headers: { ...headers }, body: bytes });
    expect(reply.status).toBeLessThan(300);
    const got = await next(name);
    // Else it could be taken for that of the call after this one.
    await ended;
    return got;
  };
  /** What the function saw first, and what it saw of the record that was made then, each of two times. */
  const twice = async (
    name: string,
    method: string,
    url: string,
    options: CallOptions,
  ): Promise<{ first: unknown; others: unknown[] }> => {
    const ended = nextRecord();
    expect((await call(url.split("/v1.0")[0]!, method, url.slice(url.indexOf("/", 8)), options)).status).toBeLessThan(
      300,
    );
    const first = await next(name);
    const made = await ended;
    return { first, others: [await again(made, name), await again(made, name)] };
  };

  it.each(calls)("a service invocation: %s", async (_, name, method, path, options) => {
    const { first, others } = await twice(
      name,
      method,
      `${sidecar.url}/v1.0/invoke/${sidecar.appId}/method${path}`,
      options,
    );
    expect(others).toEqual([first, first]);
  });

  it.each(events)("an event: %s", async (_, name, method, path, options) => {
    const { first, others } = await twice(name, method, `${sidecar.url}/v1.0/publish/bus${path}`, options);
    expect(others).toEqual([first, first]);
  });

  it.each([
    [
      "text with a query",
      "POST",
      "/api/hello/bob?q=5",
      { headers: { "content-type": "text/plain" }, body: "plain text" },
    ],
    ["bytes", "PUT", "/api/hello/b%20o", { headers: octets, body: bytes }],
    ["an escaped slash", "POST", "/api/hello/a%2Fb", { headers: json, body: "{}" }],
    ["no body", "GET", "/api/hello/bob", {}],
  ])("an HTTP function: %s", async (_, method, path, options) => {
    const { first, others } = await twice("hello", method, `${app.url}${path}`, options);
    expect(others).toEqual([first, first]);
  });

  it.each([
    ["JSON", json, '{"n":1}'],
    ["bytes", octets, bytes],
  ])("an event of a binding: %s", async (_, headers, body) => {
    const { first, others } = await twice("queue", "POST", `${app.url}/queue`, { headers, body });
    expect(others).toEqual([first, first]);
  });
});
