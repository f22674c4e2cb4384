import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseSetCookie } from "cookie";
import { createHandler, serve, type RequestHandler } from "../../lib/index.js";
import { failureOf } from "../../lib/invocation/failures.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { cloudEvent, httpRequest, invoke } from "../../lib/testing/index.js";
import { compileInto, runCli, startHost, type FunctionsHost } from "../support/functions-host.js";
import { hostLimits, type Answer, type TriggerKind } from "../support/host-limits.js";
import { Matrix, returned, thrown, type Case } from "../support/matrix-functions.js";
import { consumerProject } from "../support/packed.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";

/** One invocation: of which function, with which payload. */
interface Run {
  readonly name: string;
  readonly fn: keyof Matrix;
  readonly payload: unknown;
}

const triggers: Readonly<Record<string, TriggerKind>> = {
  invoked: "service invocation",
  bound: "input binding",
  told: "topic",
  toldOnce: "topic",
  asked: "HTTP",
};

/** Whatever a function may do, each in its turn: at once and after a promise. */
const cases: Readonly<Record<string, Case>> = Object.fromEntries([
  ...Object.keys(returned).flatMap((name) => [[`returns ${name}`, { returns: name }] as const]),
  ["returns text later", { returns: "text", later: true }],
  ["returns a Reply of 404 later", { returns: "a Reply of 404", later: true }],
  ...Object.keys(thrown).flatMap((name) => [
    [`throws ${name}`, { throws: name }] as const,
    [`rejects with ${name}`, { throws: name, later: true }] as const,
  ]),
]);

const payloads: Readonly<Record<string, unknown>> = {
  "gets what it needs": { ok: true, to: "sent" },
  "gets an invalid payload": { ok: false, to: "sent" },
  "gets a payload of another kind": [1],
};

/** All invocations of the functions with one trigger. */
function runsOf(fn: string): readonly Run[] {
  return [
    ...Object.entries(cases).map(([name, payload]) => ({ name, fn: fn as Run["fn"], payload })),
    ...Object.entries(payloads).map(([name, payload]) => ({ name, fn: `${fn}Checked` as Run["fn"], payload })),
  ];
}

/** What may differ between two runs. */
function withoutId(body: string): string {
  return body.replace(/"invocationId":"[^"]+"/, '"invocationId":"…"');
}

const anyCode: unknown = expect.stringMatching("ERR_");
const shownHeaders = ["content-type", "x-a", "x-b", "vary", "retry-after"];

/** A host answers all invocations of one trigger, by name. */
type Host = (runs: readonly Run[]) => Promise<Readonly<Record<string, Answer>>>;

/** A host that is asked by requests as a sidecar or an HTTP client sends them. */
function byRequests(sidecar: RecordingSidecar, send: (request: Request) => Promise<Response>): Host {
  return async (runs) => {
    const answers: Record<string, Answer> = {};
    for (const { name, fn, payload } of runs) {
      const before = published(sidecar);
      const response = await send(requestOf(fn, payload));
      const body = Buffer.from(await response.arrayBuffer()).toString("latin1");
      answers[name] = {
        status: response.status,
        headers: pick((header) => response.headers.get(header)),
        cookies: response.headers.getSetCookie().map(shownCookie),
        body: withoutId(body),
        sent: published(sidecar) - before,
      };
    }
    return answers;
  };
}

/** The app asks the sidecar for other things, too. */
function published({ requests }: RecordingSidecar): number {
  return requests.filter(({ path }) => path.startsWith("/v1.0/publish/")).length;
}

function requestOf(fn: string, payload: unknown): Request {
  const kind = triggers[fn.replace("Checked", "")]!;
  const body = JSON.stringify(kind === "topic" ? cloudEvent(payload, { topic: fn, pubsubname: "bus" }) : payload);
  const type = kind === "topic" ? "application/cloudevents+json" : "application/json";
  const path = kind === "HTTP" ? `/api/${fn}` : kind === "topic" ? topicPath(fn) : `/${fn}`;
  return new Request(`http://localhost${path}`, { method: "POST", headers: { "content-type": type }, body });
}

function pick(header: (name: string) => string | null | undefined): Record<string, string> {
  return Object.fromEntries(shownHeaders.flatMap((name) => (header(name) == null ? [] : [[name, header(name)!]])));
}

function shownCookie(line: string): object {
  const { expires, sameSite, ...rest } = parseSetCookie(line);
  return {
    ...rest,
    ...(typeof sameSite === "string" && { sameSite: sameSite.toLowerCase() }),
    ...(expires !== undefined && { expires: inSeconds(expires) }),
  };
}

function inSeconds(time: Date | string | number): number {
  return Math.floor(new Date(time).getTime() / 1000);
}

let topicPath: (fn: string) => string;

const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const silent = { error() {}, warn() {}, info() {}, debug() {} };

async function beside(): Promise<{ sidecar: RecordingSidecar; options: { daprUrl: string; log: typeof silent } }> {
  const sidecar = await recordingSidecar();
  ends.push(() => sidecar.close());
  return { sidecar, options: { daprUrl: sidecar.url, log: silent } };
}

/** Sends requests meant for `localhost` to a port. */
function toPort(port: number): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const { method, headers } = request;
    return fetch(`http://127.0.0.1:${port}${pathname}`, { method, headers, body: await request.arrayBuffer() });
  };
}

async function served(): Promise<Host> {
  const { sidecar, options } = await beside();
  const app = await serve([Matrix], { port: 0, ...options });
  ends.push(() => app.close());
  return byRequests(sidecar, toPort(app.port));
}

async function handlerOf(): Promise<{ handler: RequestHandler; sidecar: RecordingSidecar }> {
  const { sidecar, options } = await beside();
  const handler = await createHandler([Matrix], options);
  ends.push(() => handler.close());
  return { handler, sidecar };
}

async function mounted(): Promise<Host> {
  const { handler, sidecar } = await handlerOf();
  const server = createServer((request, response) => handler(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(async () => void server.close());
  return byRequests(sidecar, toPort((server.address() as AddressInfo).port));
}

async function fetched(): Promise<Host> {
  const { handler, sidecar } = await handlerOf();
  return byRequests(sidecar, (request) => handler.fetch(request));
}

/** A Functions host in miniature with an app of either model, which serves the bindings or leaves that to the worker. */
async function functionsHost(model: "v3" | "v4", bindings: "host" | "sidecar"): Promise<Host> {
  const app = consumerProject({ packages: model === "v4" ? ["@azure/functions"] : [] });
  compileInto(app, join(__dirname, "..", "support", "matrix-functions.ts"), "build/matrix.js");
  if (model === "v3") {
    const { status, stderr } = runCli(app, ["generate", "build/matrix.js", "--bindings", bindings]);
    if (status !== 0) throw new Error(stderr);
  } else {
    const options = JSON.stringify({ bindings });
    const main = `require("dapr-functions/azure").register([require("./matrix.js").Matrix], ${options});\n`;
    writeFileSync(join(app, "build", "main.js"), main);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", main: "build/main.js" }));
  }
  const { sidecar, options } = await beside();
  const host = await startHost(app, { DAPR_HTTP_ENDPOINT: options.daprUrl });
  ends.push(() => host.close());
  if (bindings === "host") return (runs) => answersOf(host, runs);
  return async (runs) => {
    const answers: Record<string, Answer> = {};
    for (const run of runs) {
      const before = published(sidecar);
      const { [run.name]: answer } = await answersOf(host, [run]);
      answers[run.name] = { ...answer!, sent: published(sidecar) - before };
    }
    return answers;
  };
}

async function answersOf(host: FunctionsHost, runs: readonly Run[]): Promise<Readonly<Record<string, Answer>>> {
  const results = await host.invoke(
    runs.map(({ fn, payload }) => {
      const kind = triggers[fn.replace("Checked", "")]!;
      const text = JSON.stringify(kind === "topic" ? cloudEvent(payload, { topic: fn }) : payload);
      const http = {
        url: `http://localhost/api/${fn}`,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: { base64: Buffer.from(text).toString("base64") },
      };
      return { function: fn, whole: true, payload: kind === "HTTP" ? { http } : { json: text } };
    }),
  );
  return Object.fromEntries(
    results.map(({ reply, outputs, error }, index) => {
      const { name } = runs[index]!;
      if (error !== undefined) return [name, { status: "host", headers: {}, cookies: [], body: "", sent: 0 }];
      const { status = 200, headers = {}, cookies = [], base64 = "" } = (reply ?? {}) as HostReply;
      const byName = new Map(Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]));
      const body = Buffer.from(base64, "base64").toString("latin1");
      const sent = outputs?.["sent"] === undefined ? 0 : 1;
      return [
        name,
        {
          status,
          headers: pick((header) => byName.get(header)),
          // The host adds those of its own list to those among the headers.
          cookies: [
            ...cookies.map(({ expires, sameSite, ...cookie }) => ({
              ...cookie,
              ...(sameSite !== undefined && sameSite !== "none" && { sameSite: sameSite.toLowerCase() }),
              ...(expires !== undefined && { expires: inSeconds(expires) }),
            })),
            ...[byName.get("set-cookie") ?? []].flat().map(shownCookie),
          ],
          body: withoutId(body),
          sent,
        },
      ];
    }),
  );
}

interface HostReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly { readonly sameSite?: string; readonly expires?: string | number }[];
  readonly base64?: string;
}

/** What the Functions host can give of an answer. */
function underHost(kind: TriggerKind, answer: Answer): Answer {
  const limit = hostLimits.find((each) => each.triggers.includes(kind) && each.applies(answer));
  return limit?.under(answer) ?? answer;
}

describe.each(Object.entries(triggers))("%s, a %s function", (fn, kind) => {
  const runs = runsOf(fn);
  let expected: Readonly<Record<string, Answer>>;
  beforeAll(async () => {
    expected = await (await hosts.served)(runs);
  });

  it("answers whatever it does", () => {
    expect(Object.keys(expected)).toEqual(runs.map(({ name }) => name));
    const failures = Object.values(expected).filter(({ body }) => body.startsWith('{"errorCode"'));
    expect(failures.length).toBeGreaterThan(20);
    expect(failures.map(({ sent }) => sent)).not.toContain(1);
  });

  it.each(["mounted", "fetched"] as const)("answers the same when %s", async (host) => {
    expect(await (await hosts[host])(runs)).toEqual(expected);
  });

  const models = ["v3", "v3, bindings: sidecar", "v4", "v4, bindings: sidecar"] as const;
  it.each(models)("answers the same in the model %s, but for what its host cannot do", async (host) => {
    const limited = Object.entries(expected).map(([name, answer]) => [name, underHost(kind, answer)] as const);
    expect(await (await hosts[host])(runs)).toEqual(Object.fromEntries(limited));
  });

  it("says nothing of an error's text where anyone may call", () => {
    const telling = Object.entries(expected).filter(([, { body }]) => body.includes("secret text"));
    expect(telling.length > 0).toBe(kind !== "HTTP");
  });

  it("comes to the same in a test", async () => {
    const [definition] = readFunctions([Matrix]).filter(({ name }) => name === fn);
    const seen: Record<string, unknown> = {};
    for (const { name, fn: method, payload } of runs) {
      const given =
        kind === "topic"
          ? cloudEvent(payload, { topic: method })
          : kind === "HTTP"
            ? httpRequest({ body: payload })
            : payload;
      try {
        const { outputs } = await invoke(new Matrix(), method, given as never, { context: silent });
        seen[name] = { sent: (outputs as { sent: { values: readonly unknown[] } }).sent.values.length };
      } catch (error) {
        seen[name] = { errorCode: failureOf(error, definition!).errorCode };
      }
    }
    const wanted = Object.entries(expected).map(([name, { status, body, sent }]) => {
      const { errorCode } = (body.startsWith('{"errorCode"') ? JSON.parse(body) : {}) as { errorCode?: string };
      const isRefused = kind === "topic" && status === 200 && body !== "" && !name.startsWith("returns");
      return [name, errorCode !== undefined ? { errorCode } : isRefused ? { errorCode: anyCode } : { sent }];
    });
    expect(seen).toEqual(Object.fromEntries(wanted));
  });
});

const hosts = {
  served: served(),
  mounted: mounted(),
  fetched: fetched(),
  v3: functionsHost("v3", "host"),
  "v3, bindings: sidecar": functionsHost("v3", "sidecar"),
  v4: functionsHost("v4", "host"),
  "v4, bindings: sidecar": functionsHost("v4", "sidecar"),
};

beforeAll(async () => {
  const definitions = readFunctions([Matrix]);
  topicPath = (fn) => {
    const { trigger } = definitions.find(({ name }) => name === fn)!;
    return `/${(trigger as { route?: string }).route ?? fn}`;
  };
  await Promise.all(Object.values(hosts));
}, 120_000);

it("docs/azure.md shows what the Functions host cannot do", () => {
  const page = readFileSync(join(__dirname, "..", "..", "docs", "azure.md"), "utf8");
  const rows = hostLimits.map(({ triggers: of, says: [what, comes] }) => `| ${of.join(", ")} | ${what} | ${comes} |`);
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});
