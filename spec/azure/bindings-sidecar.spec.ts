import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve, type App } from "../../lib/index.js";
import { startWorker, type FunctionsWorker } from "../support/dapr-extension.js";
import type { HostCall } from "../support/functions-host.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { send } from "../serve/support.js";
import { Worker } from "./fixtures/worker.js";

const settings = { CartStore: "cart", Prefix: "p", Version: "2+", Bus: "bus", DAPR_API_TOKEN: "t0k" };
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** What happens in each host: the request to the app, its headers and body, and its answer. */
interface Case {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** As the Functions host's own HTTP server hands it over; the extension has no part in it. */
  readonly http?: HostCall;
}

const event = (more: object) =>
  JSON.stringify({ specversion: "1.0", type: "t", source: "shop", topic: "orders", pubsubname: "bus", ...more });

const search = "?q=%26&tag=a&tag=b&flag=&sum=1%2B1+%C3%A9";

const cases: Readonly<Record<string, Case>> = {
  "state, with every override": { path: "/save", body: '{"id":"u/1"}' },
  "a trace": { path: "/save", headers: { traceparent }, body: '{"id":"u2"}' },
  "a transaction": { path: "/swap", body: '{"from":"a","to":"b"}' },
  "invocation and binding, of text that looks like a number": { path: "/text", body: '"89e7"' },
  "events under stable ids": { path: "/orders", body: event({ id: "e-77", data: { id: "41" } }) },
  "the trace of an event": { path: "/orders", body: event({ id: "e-78", traceparent, data: { id: "42" } }) },
  "a state entry that another changes meanwhile": { path: "/count", body: '{"id":"1"}' },
  "what others answer, before and during the method": { path: "/ask", headers: { traceparent }, body: '{"id":"1"}' },
  "an input binding": { path: "/cron", body: '{"n":1}' },
  "an input binding without a body": { path: "/cron" },
  HTTP: {
    path: `/api/carts/u1/i%202${search}`,
    body: '{"size":"XL"}',
    http: {
      function: "web",
      payload: {
        http: {
          url: `http://localhost/api/carts/u1/i%202${search}`,
          method: "POST",
          headers: { "content-type": "application/json" },
          // As the host has it for the v3 model: a text a name, and none that is empty.
          query: { q: "&", tag: "a,b" },
          params: { user: "u1", item: "i 2" },
          body: { base64: Buffer.from('{"size":"XL"}').toString("base64") },
        },
      },
    },
  },
};

let sidecar: RecordingSidecar;
/** How often the entry was refused in the present case. */
let conflicts = 0;

beforeAll(async () => {
  Object.assign(process.env, settings, { DAPR_DISABLE_SIDECAR_METADATA_CHECK: "true" });
  sidecar = await recordingSidecar();
  sidecar.answer = ({ method, path, body }) => {
    if (path.startsWith("/v1.0/secrets/")) return { body: '{"k":"secret"}' };
    if (method === "GET" && path.startsWith("/v1.0/state/cart/u"))
      return { headers: { etag: "3" }, body: '{"old":true}' };
    if (method === "GET" && path.includes("/entry-")) return { headers: { etag: `${conflicts}` }, body: "4" };
    if (method === "POST" && path === "/v1.0/state/cart" && body.includes("entry-") && conflicts++ < 2) {
      return { status: 409, body: '{"errorCode":"ERR_STATE_SAVE","message":"possible etag mismatch"}' };
    }
    if (path.includes("/invoke/")) return { headers: { "content-type": "application/json" }, body: '{"said":"yes"}' };
    if (path === "/v1.0/bindings/db") return { headers: { "content-type": "application/json" }, body: "[1,2]" };
    return path.includes("/publish/bulk/") ? { body: "{}" } : undefined;
  };
});

afterAll(async () => {
  for (const name of Object.keys(settings)) delete process.env[name];
  await sidecar.close();
});

/** The library adds them to what it is given. */
function withoutProperties(binding: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(binding).filter(([name]) => name !== "properties"));
}

interface Seen {
  readonly requests: readonly object[];
  readonly answer: object;
}

/** The requests of one case, to the byte, and the answer; what tells hosts apart of an answer's status is left out. */
async function seenWhile(answer: () => Promise<{ status: number; body: string | undefined }>): Promise<Seen> {
  conflicts = 0;
  const from = sidecar.requests.length;
  const { status, body } = await answer();
  const requests = sidecar.requests.slice(from).map(({ method, path, headers, body: sent }) => {
    const { host: _, ...rest } = headers;
    return { method, path, headers: rest, body: sent };
  });
  // Inputs are read side by side.
  const reads = requests.filter(({ method }) => method === "GET").sort((a, b) => (a.path < b.path ? -1 : 1));
  const writes = requests.filter(({ method }) => method !== "GET");
  return { requests: [...reads, ...writes], answer: { status, body: body === "" ? undefined : body } };
}

describe("the requests of functions whose bindings the worker serves", () => {
  const served = new Map<string, Seen>();
  let app: App;

  beforeAll(async () => {
    const silence = (): void => undefined;
    const log = { log: silence, info: silence, warn: silence, error: silence, debug: silence };
    app = await serve([Worker], { port: 0, daprUrl: sidecar.url, log });
    for (const [name, { path, headers, body }] of Object.entries(cases)) {
      const json = body === undefined ? {} : { "content-type": "application/json" };
      const sent = { headers: { ...json, ...headers }, ...(body !== undefined && { body }) };
      served.set(name, await seenWhile(() => send(app, "POST", path, sent)));
    }
  });
  afterAll(() => app.close());

  it("are many", () => {
    const lines = [...served].map(([name, { requests, answer }]) => [name, requests.length, answer]);
    expect(lines).toMatchObject([
      ["state, with every override", 7, { status: 200 }],
      ["a trace", 7, { status: 200 }],
      ["a transaction", 1, { status: 200 }],
      ["invocation and binding, of text that looks like a number", 4, { status: 200, body: "4" }],
      ["events under stable ids", 3, { status: 200 }],
      ["the trace of an event", 3, { status: 200 }],
      ["a state entry that another changes meanwhile", 9, { status: 200, body: "3" }],
      ["what others answer, before and during the method", 3, { status: 200 }],
      ["an input binding", 1, { status: 200 }],
      ["an input binding without a body", 1, { status: 200 }],
      ["HTTP", 2, { status: 200 }],
    ]);
    const { body } = served.get("HTTP")!.answer as { body: string };
    const query = [...new URLSearchParams(search)];
    expect(JSON.parse(body)).toEqual({ cart: { old: true }, query, seen: String(new URLSearchParams(search)) });
    const traced = served.get("a trace")!.requests as { headers: Record<string, string> }[];
    expect(traced.every(({ headers }) => headers["traceparent"] === traceparent)).toBe(true);
  });

  describe.each(["v3", "v4"] as const)("in the %s model", (model) => {
    let worker: FunctionsWorker;
    beforeAll(async () => {
      worker = await startWorker({
        model,
        source: join(__dirname, "fixtures/worker.ts"),
        export: "Worker",
        functions: [Worker],
        port: 0,
        daprUrl: sidecar.url,
        environment: settings,
      });
    });
    afterAll(() => worker.close());

    it.each(Object.keys(cases))("are those of serve, to the byte: %s", async (name) => {
      const { path, headers = {}, body, http } = cases[name]!;
      const port = Number(new URL(worker.url).port);
      const seen = await seenWhile(async () => {
        if (http === undefined) return send({ port }, "POST", path, { headers, ...(body !== undefined && { body }) });
        const [result] = await worker.host.invoke([http]);
        return result!.reply as { status: number; body: string };
      });
      // A topic's answer is nothing, whatever its status word.
      const { requests, answer } = served.get(name)!;
      expect(seen.requests).toEqual(requests);
      expect(seen.answer).toEqual(path === "/orders" ? { status: 200, body: undefined } : answer);
    });

    it("leave to the host what is its own: triggers, the reply of HTTP, bindings of other types", () => {
      const bindings = (name: string): unknown =>
        model === "v3"
          ? (JSON.parse(readFileSync(join(worker.app, name, "function.json"), "utf8")) as { bindings: unknown })
              .bindings
          : worker.host.registrations.find((one) => one.name === name)!.bindings.map(withoutProperties);
      expect(worker.host.model).toBe(model);
      expect(bindings("save")).toEqual([{ type: "daprServiceInvocationTrigger", direction: "in", name: "payload" }]);
      expect(bindings("relay")).toEqual([
        { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "%Bus%", topic: "orders" },
      ]);
      expect(bindings("web")).toEqual([
        { type: "httpTrigger", direction: "in", name: "req", methods: ["post"], route: "carts/{user}/{item}" },
        { type: "http", direction: "out", name: "$return" },
      ]);
    });
  });
});
