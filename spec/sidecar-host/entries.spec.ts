import type {
  DaprClient,
  SaveStateRequest,
  StateOperation,
  TransactStateRequest,
} from "../../lib/client/dapr-client.js";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprTopicTrigger,
  HttpTrigger,
  serve,
  SidecarError,
  type App,
  type CloudEvent,
  type HttpRequest,
  type InvocationContext,
  type InvocationRequest,
  type PublishCollector,
  type StateEntry,
} from "../../lib/index.js";
import type { JsonText } from "../../lib/model/json.js";

/** What becomes of one write: carried out or not, and answered or not. */
type Fate = "answered" | "lost answer" | "lost request" | "refused" | "failed" | "overtaken" | "overtaken by an equal";

const unanswered = (): SidecarError =>
  new SidecarError({
    status: 500,
    errorCode: "ERR_DAPR_REQUEST_FAILED",
    message: "other side closed",
    operation: "POST /v1.0/state/store",
    target: "the fake",
  });
const answered = (status: number, message = `answered ${status}`): SidecarError =>
  new SidecarError({
    status,
    errorCode: "ERR_STATE_SAVE",
    message,
    operation: "POST /v1.0/state/store",
    target: "the fake",
  });

/** A store in memory of which each write has a fate; as Redis it counts the versions of each key. */
class FakeSidecar {
  readonly state = new Map<string, { value: unknown; etag: string }>();
  readonly requests: string[] = [];
  readonly fates: Fate[] = [];
  /** How many reads fail before one is answered. */
  failingReads = 0;
  /** How many times it does not say what its stores are. */
  failingMetadata = 0;
  type: string | undefined = "state.in-memory";
  capabilities: readonly string[] | undefined;
  /** What a write fails with whose answer is lost. */
  lost = unanswered;
  /** Happens after a write whose answer is lost, before the next. */
  meanwhile: () => void = () => undefined;
  #etag = 0;

  get isRedis(): boolean {
    return this.type === "state.redis";
  }

  put(key: string, value: unknown): void {
    const etag = this.isRedis ? Number(this.state.get(key)?.etag ?? 0) + 1 : ++this.#etag;
    this.state.set(key, { value, etag: String(etag) });
  }

  get client(): DaprClient {
    const known: Partial<DaprClient> = {
      getState: async ({ key }) => {
        await Promise.resolve();
        this.requests.push(`read ${key}`);
        if (this.failingReads > 0) {
          this.failingReads--;
          throw unanswered();
        }
        return this.state.get(key) ?? { value: undefined, etag: undefined };
      },
      saveState: async ({ entries }: SaveStateRequest) => {
        await this.#write(entries.map((request) => ({ operation: "upsert", request })));
      },
      deleteState: async (request) => await this.#write([{ operation: "delete", request }]),
      transactState: async ({ operations }: TransactStateRequest) => await this.#write(operations),
      publish: async ({ payload }) => {
        await Promise.resolve();
        this.requests.push(`publish ${(payload.content as JsonText).text}`);
      },
      metadata: () => {
        if (this.failingMetadata-- > 0) return Promise.reject(unanswered());
        const { type, capabilities } = this;
        return Promise.resolve({
          components: type === undefined ? [] : [{ name: "store", type, capabilities: capabilities! }],
        });
      },
      waitForOutbound: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    return known as DaprClient;
  }

  async #write(operations: readonly StateOperation[]): Promise<void> {
    await Promise.resolve();
    this.requests.push(
      operations
        .map(({ operation, request: { key, etag, options } }) =>
          [operation, key, etag ?? options?.concurrency ?? "unguarded"].join(" "),
        )
        .join(" + "),
    );
    const fate = this.fates.shift() ?? "answered";
    if (fate === "lost request") {
      this.meanwhile();
      throw this.lost();
    }
    if (fate === "failed") throw answered(500);
    if (fate === "overtaken") for (const { request } of operations) this.put(request.key, 100);
    if (fate === "overtaken by an equal") this.#apply(operations);
    const isStale = operations.some(({ request: { key, etag } }) => {
      const found = this.state.get(key);
      return found === undefined && this.isRedis ? false : found?.etag !== etag;
    });
    if (fate === "overtaken by an equal") throw answered(500);
    if (isStale || fate === "refused") throw answered(409, "possible etag mismatch: failed to set key");
    this.#apply(operations);
    if (fate === "lost answer") {
      this.meanwhile();
      throw this.lost();
    }
  }

  #apply(operations: readonly StateOperation[]): void {
    for (const { operation, request } of operations) {
      if (operation === "delete") this.state.delete(request.key);
      else this.put(request.key, JSON.parse((request.value as JsonText).text));
    }
  }
}

interface Call {
  readonly key: string;
  readonly seen?: number[];
}

class Functions {
  runs = 0;
  /** Called in the midst of a run. */
  during: () => void | Promise<void> = () => undefined;

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}", attempts: 3 })
  @DaprStateInput({ name: "step", stateStore: "store", key: "step" })
  @DaprPublish({ name: "told", pubSubName: "bus", topic: "t" })
  async add(
    payload: Call & { seen?: number[] },
    { n, step, told }: { n: StateEntry<number>; step: number | undefined; told: PublishCollector<number> },
    context: InvocationContext,
  ): Promise<{ attempt: number; seen: readonly number[] }> {
    this.runs++;
    const seen = ((payload as { seen?: number[] }).seen ??= []);
    seen.push(context.attempt);
    await this.during();
    context.info("running");
    const next = (n.value ?? 0) + (step ?? 1);
    n.set(next);
    told.add(next);
    return { attempt: context.attempt, seen };
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}", onConflict: "fail" })
  addOnce(_: Call, { n }: { n: StateEntry<number> }): void {
    this.runs++;
    n.set((n.value ?? 0) + 1);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "events" })
  @DaprState({ name: "n", stateStore: "store", key: "{data.key}", attempts: 2 })
  @DaprPublish({ name: "told", pubSubName: "bus", topic: "t" })
  hear(_: CloudEvent<Call>, { n, told }: { n: StateEntry<number>; told: PublishCollector<number> }): void {
    n.set((n.value ?? 0) + 1);
    told.add(1);
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}" })
  look(_: Call, { n }: { n: StateEntry<number> }): number | null {
    return n.value ?? null;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}" })
  remove(_: Call, { n }: { n: StateEntry<number> }): boolean {
    n.set(1);
    n.remove();
    return n.exists;
  }

  readonly requests: object[] = [];

  /** Notes what the parts of a request are, and changes them all. */
  #spoil(request: Pick<InvocationRequest, "query" | "params" | "headers">): void {
    const { query, params, headers } = request;
    this.requests.push({ query: query.toString(), params: { ...params }, header: headers.get("x-own") });
    query.append("more", "1");
    (params as Record<string, string>)["key"] = "other";
    headers.set("x-own", "changed");
  }

  @DaprServiceInvocationTrigger({ methodName: "spoilt/{key}" })
  @DaprState({ name: "n", stateStore: "store", key: "{key}" })
  spoilt(_: object, { n }: { n: StateEntry<number> }, { request }: InvocationContext): void {
    this.#spoil(request!);
    n.set(1);
  }

  @HttpTrigger({ route: "web/{key}", methods: ["POST"], authLevel: "anonymous" })
  @DaprState({ name: "n", stateStore: "store", key: "{key}" })
  async web(request: HttpRequest, { n }: { n: StateEntry<number> }, context: InvocationContext): Promise<void> {
    const body = (await request.json()) as { id: number };
    this.requests.push({ id: body.id++ });
    this.#spoil(request);
    this.#spoil(context.request!);
    n.set(1);
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "a", stateStore: "store", key: "{key}-a" })
  @DaprState({ name: "b", stateStore: "store", key: "{key}-b" })
  @DaprState({ name: "c", stateStore: "store", key: "{key}-c" })
  several(_: Call, { a, b }: { a: StateEntry<number>; b: StateEntry<number>; c: StateEntry<number> }): void {
    a.set((a.value ?? 0) + 1);
    b.remove();
  }
}

let fake: FakeSidecar;
let functions: Functions;
let app: App;
let lines: string[];

beforeEach(async () => {
  fake = new FakeSidecar();
  functions = new Functions();
  lines = [];
  const log = {
    info: (...args: unknown[]) => void lines.push(args.join(" ")),
    warn() {},
    error() {},
    debug() {},
  };
  process.env["DAPR_DISABLE_SIDECAR_METADATA_CHECK"] = "true";
  app = await serve([functions], { port: 0, client: fake.client, log });
});

afterEach(async () => {
  delete process.env["DAPR_DISABLE_SIDECAR_METADATA_CHECK"];
  await app.close();
});

async function call(name: string, key = "k"): Promise<{ status: number; body: unknown }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${app.url}/${name}`, { method: "POST", headers, body: JSON.stringify({ key }) });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

describe("a state entry", () => {
  it("is read with its etag and written with it, before what else is sent", async () => {
    fake.put("k", 5);
    expect(await call("add")).toEqual({ status: 200, body: { attempt: 1, seen: [1] } });
    expect(new Set(fake.requests.slice(0, 2))).toEqual(new Set(["read k", "read step"]));
    expect(fake.requests.slice(2)).toEqual(["upsert k 1", "publish 6"]);
    expect(fake.state.get("k")!.value).toBe(6);
  });

  it("is written as the first where the key does not exist", async () => {
    await call("add");
    expect(fake.requests).toContain("upsert k first-write");
    expect(fake.state.get("k")!.value).toBe(1);
  });

  it("is not written where nothing is set", async () => {
    fake.put("k", 5);
    expect(await call("look")).toEqual({ status: 200, body: 5 });
    expect(fake.requests).toEqual(["read k"]);
  });

  it("is removed under its etag, and not at all where it does not exist", async () => {
    fake.put("k", 5);
    expect(await call("remove")).toEqual({ status: 200, body: true });
    expect(await call("remove")).toEqual({ status: 200, body: false });
    expect(fake.requests).toEqual(["read k", "delete k 1", "read k"]);
  });

  it("is null in Redis once it is removed, which is as if it were not there, and its versions go on", async () => {
    fake.type = "state.redis";
    fake.put("k", 5);
    expect(await call("remove")).toEqual({ status: 200, body: true });
    expect(fake.state.get("k")).toEqual({ value: null, etag: "2" });
    expect(await call("remove")).toEqual({ status: 200, body: false });
    expect(await call("look")).toEqual({ status: 200, body: null });
    expect(await call("add")).toMatchObject({ status: 200 });
    expect(fake.state.get("k")).toEqual({ value: 1, etag: "3" });
  });

  it("is known to be in Redis though the sidecar did not say so when it was asked first", async () => {
    fake.type = "state.redis";
    fake.put("k", 5);
    fake.failingMetadata = 1;
    expect(await call("remove")).toEqual({ status: 200, body: true });
    expect(fake.state.get("k")).toEqual({ value: null, etag: "2" });
  });

  it("is deleted from Redis when it has been removed for ten minutes, unless it was written since", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
    try {
      fake.type = "state.redis";
      fake.put("k", 5);
      fake.put("l", 5);
      await call("remove");
      await call("remove", "l");
      await call("add", "l");
      fake.requests.length = 0;
      await jest.advanceTimersByTimeAsync(600_000);
      expect(fake.requests).toEqual(["delete k 2", "delete l 2"]);
      expect([...fake.state]).toEqual([["l", { value: 1, etag: "3" }]]);
    } finally {
      jest.useRealTimers();
    }
  });

  it("is taken back where the write has revived a key of Redis that was deleted, and begins again", async () => {
    fake.type = "state.redis";
    fake.put("k", 5);
    functions.during = () => void (functions.runs === 1 && fake.state.delete("k"));
    expect(await call("add")).toMatchObject({ status: 200, body: { attempt: 2 } });
    expect(fake.state.get("k")).toEqual({ value: 1, etag: "1" });
  });

  it("is not known where what was revived cannot be taken back", async () => {
    fake.type = "state.redis";
    fake.put("k", 5);
    functions.during = () => void fake.state.delete("k");
    fake.fates.push("answered", "refused");
    expect(await call("add")).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_REQUEST_FAILED" } });
    expect(functions.runs).toBe(1);
  });

  it("begins again after a conflict: new inputs, the payload as it was sent, nothing of the run before", async () => {
    fake.put("k", 5);
    fake.fates.push("overtaken");
    functions.during = () => fake.put("step", functions.runs * 10);
    fake.put("step", 1);
    expect(await call("add")).toEqual({ status: 200, body: { attempt: 2, seen: [2] } });
    expect(fake.state.get("k")!.value).toBe(110);
    expect(fake.requests.filter((request) => request.startsWith("publish"))).toEqual(["publish 110"]);
    expect(lines.filter((line) => line.includes("running") && line.includes("attempt=2"))).toHaveLength(1);
  });

  it.each(["spoilt/k", "api/web/k"])("begins again with the request as it came: %s", async (path) => {
    fake.fates.push("refused");
    const headers = { "content-type": "application/json", "x-own": "sent" };
    await fetch(`${app.url}/${path}?q=1`, { method: "POST", headers, body: JSON.stringify({ id: 1 }) });
    const parts = { query: "q=1", params: { key: "k" }, header: "sent" };
    const run = path === "spoilt/k" ? [parts] : [{ id: 1 }, parts, parts];
    expect(functions.requests).toEqual([...run, ...run]);
  });

  it("is a conflict in the end: 409, and nothing is sent", async () => {
    fake.put("k", 5);
    fake.fates.push("overtaken", "refused", "overtaken");
    expect(await call("add")).toMatchObject({ status: 409, body: { errorCode: "ERR_STATE_CONFLICT" } });
    expect(functions.runs).toBe(3);
    expect(fake.requests.filter((request) => request.startsWith("publish"))).toEqual([]);
  });

  it("is one for an event as well, which then comes again", async () => {
    const headers = { "content-type": "application/cloudevents+json" };
    const event = { specversion: "1.0", id: "e", source: "s", type: "t", data: { key: "k" } };
    const deliver = () => fetch(`${app.url}/events`, { method: "POST", headers, body: JSON.stringify(event) });
    fake.fates.push("refused", "refused");
    expect((await deliver()).status).toBe(500);
    expect(fake.requests.filter((request) => request.startsWith("publish"))).toEqual([]);
    expect((await deliver()).status).toBe(200);
    expect(fake.state.get("k")!.value).toBe(1);
  });

  it.each(["", "a||b"])("is the caller's fault where the payload has no key for it: %j", async (key) => {
    const { status, body } = await call("add", key);
    expect({ status, body }).toMatchObject({ status: 400, body: { errorCode: "ERR_BINDING_DATA" } });
    expect(functions.runs).toBe(0);
  });

  it("is one at once where the decorator says so", async () => {
    fake.fates.push("refused");
    expect(await call("addOnce")).toMatchObject({ status: 409, body: { errorCode: "ERR_STATE_CONFLICT" } });
    expect(functions.runs).toBe(1);
  });
});

describe("a write that got no answer", () => {
  const before = { change: 5, create: undefined, remove: 5 };
  type Doing = keyof typeof before;
  /** What another does between the write and its repetition. */
  const others = {
    nobody: () => undefined,
    "one who comes to the same": (doing: Doing) => {
      if (doing !== "remove") fake.put("k", ((fake.state.get("k")?.value ?? 0) as number) + 1);
      else othersRemoval();
    },
    "one who sets 40": () => fake.put("k", 40),
    "one who removes it": () => othersRemoval(),
  };
  type Other = keyof typeof others;
  const othersRemoval = (): void => {
    if (fake.isRedis) fake.put("k", null);
    else fake.state.delete("k");
  };
  type Outcome = "done once" | "run again" | "not known";

  /** What is certain: a version is found once, and in Redis the next one tells whose it is. */
  function outcomeOf(type: string | undefined, doing: Doing, isCarriedOut: boolean, other: Other): Outcome {
    const isRedis = type === "state.redis";
    if (!isRedis && (doing === "create" || (doing === "remove" && type === undefined))) return "not known";
    if (isCarriedOut) return "not known";
    if (other === "nobody") return "done once";
    if (!isRedis) return "not known";
    const isEqual = other === "one who comes to the same" || (doing === "remove" && other === "one who removes it");
    return isEqual ? "not known" : "run again";
  }

  const types = ["state.in-memory", "state.sqlite", "state.redis", undefined];
  const doings = Object.keys(before) as Doing[];
  const cases = types.flatMap((type) =>
    doings.flatMap((doing) =>
      [true, false].flatMap((isCarriedOut) =>
        (Object.keys(others) as Other[]).map((other) => ({
          type,
          doing,
          isCarriedOut,
          other,
          outcome: outcomeOf(type, doing, isCarriedOut, other),
        })),
      ),
    ),
  );

  it.each(cases)(
    "is $outcome: $type, $doing, carried out $isCarriedOut, meanwhile $other",
    async ({ type, doing, isCarriedOut, other, outcome }) => {
      fake.type = type;
      if (before[doing] !== undefined) fake.put("k", before[doing]);
      fake.fates.push(isCarriedOut ? "lost answer" : "lost request");
      fake.meanwhile = () => {
        fake.meanwhile = () => undefined;
        others[other](doing);
      };
      const { status, body } = await call(doing === "remove" ? "remove" : "add");
      const published = fake.requests.filter((request) => request.startsWith("publish"));
      const from = other === "one who sets 40" ? 40 : other === "nobody" ? (before[doing] ?? 0) : 0;
      const { attempt, errorCode, message = "" } = body as Record<string, string>;
      const said = {
        status,
        errorCode,
        attempt,
        isSaid: message.includes('whether "k" of the state store'),
        published,
      };
      const attempts = outcome === "run again" ? 2 : 1;
      const isRemoval = doing === "remove";
      expect(said).toEqual(
        outcome === "not known"
          ? { status: 500, errorCode: "ERR_DAPR_REQUEST_FAILED", isSaid: true, published: [] }
          : {
              status: 200,
              isSaid: false,
              attempt: isRemoval ? undefined : attempts,
              published: isRemoval ? [] : [`publish ${from + 1}`],
            },
      );
      const left = doing === "remove" ? undefined : from + 1;
      const isLeft = (fake.state.get("k")?.value ?? undefined) === left;
      expect(outcome === "not known" || isLeft).toBe(true);
    },
  );

  it("is sent again until there is somebody to answer", async () => {
    fake.put("k", 5);
    fake.fates.push("lost request", "lost request", "failed", "lost request");
    expect(await call("add")).toMatchObject({ status: 200, body: { attempt: 1 } });
    expect(fake.requests.filter((request) => request.startsWith("upsert"))).toEqual(
      Array.from({ length: 5 }, () => "upsert k 1"),
    );
    expect(fake.state.get("k")!.value).toBe(6);
  });

  it("is not known either where another conflict would end the invocation", async () => {
    fake.put("k", 5);
    fake.fates.push("lost answer");
    expect(await call("addOnce")).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_REQUEST_FAILED" } });
  });

  it("is not known of several entries where one has changed", async () => {
    fake.put("k-a", 1);
    fake.put("k-b", 1);
    fake.fates.push("lost answer");
    expect(await call("several")).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_REQUEST_FAILED" } });
    expect(fake.state.get("k-a")!.value).toBe(2);
  });
});

describe("a write that was refused", () => {
  it.each([
    ["lost request", { status: 200, body: { attempt: 1 } }],
    ["lost answer", { status: 500, body: { errorCode: "ERR_DAPR_REQUEST_FAILED" } }],
  ] as const)("by daprd because Redis did not answer is one whose answer is lost: %s", async (fate, expected) => {
    fake.type = "state.redis";
    fake.put("k", 5);
    fake.fates.push(fate);
    fake.lost = () => answered(409, "possible etag mismatch. error from state store: i/o timeout");
    expect(await call("add")).toMatchObject(expected);
    expect(fake.state.get("k")).toEqual({ value: 6, etag: "2" });
  });

  it("is a failure where the key is as it was read", async () => {
    fake.put("k", 5);
    fake.fates.push("failed");
    expect(await call("add")).toMatchObject({ status: 500, body: { errorCode: "ERR_STATE_SAVE" } });
    expect(functions.runs).toBe(1);
    expect(fake.state.get("k")!.value).toBe(5);
  });

  it("is never taken for one that was made, though what is there now is the same", async () => {
    fake.put("k", 5);
    fake.fates.push("overtaken by an equal");
    expect(await call("add")).toMatchObject({ status: 200, body: { attempt: 2 } });
    expect(fake.state.get("k")!.value).toBe(7);
  });
});

describe("a store without etags", () => {
  const refusal = {
    status: 500,
    body: {
      errorCode: "ERR_DAPR_BAD_REQUEST",
      message: expect.stringContaining('stateStore: "store", state.memcached, keeps no etags'),
    },
  };

  it("is refused before the method runs where the sidecar says so, also for a key that is not there", async () => {
    fake.type = "state.memcached";
    fake.capabilities = ["TTL"];
    expect(await call("add")).toMatchObject(refusal);
    expect(functions.runs).toBe(0);
  });

  it.each([
    ["state.etcd", "calls a write done that came too late for its etag"],
    ["state.alicloud.tablestore", "does not compare etags"],
    ["state.aerospike", "writes over a key that another has just made"],
    ["state.couchbase", "writes over a key that another has just made"],
    ["state.ravendb", "writes over a key that another has just made"],
    ["state.zookeeper", "writes over a key that another has just made"],
  ])("is refused like one whose etags do not hold: %s %s", async (type, flaw) => {
    fake.type = type;
    fake.capabilities = ["ETAG", "TRANSACTIONAL"];
    fake.put("k", 5);
    const { status, body } = await call("add");
    const message = expect.stringContaining(`stateStore: "store", ${type}, ${flaw}, so that updates could be lost`);
    expect({ status, body }).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_BAD_REQUEST", message } });
    expect(functions.runs).toBe(0);
  });

  it("is refused where it gives a value without one", async () => {
    fake.type = "state.memcached";
    fake.put("k", 5);
    fake.state.set("k", { value: 5, etag: undefined! });
    expect(await call("add")).toMatchObject(refusal);
    expect(functions.runs).toBe(0);
  });
});

describe("several entries", () => {
  it("are one transaction, each under its etag; one that is left alone is not in it", async () => {
    fake.put("k-a", 1);
    fake.put("k-b", 1);
    expect(await call("several")).toMatchObject({ status: 200 });
    expect(fake.requests.at(-1)).toBe("upsert k-a 1 + delete k-b 2");
  });

  it("begin again where one has changed, though the store says 500", async () => {
    fake.put("k-a", 1);
    fake.put("k-b", 1);
    fake.fates.push("overtaken by an equal");
    expect(await call("several")).toMatchObject({ status: 200 });
    expect(fake.state.get("k-a")!.value).toBe(3);
  });

  it("are refused in DynamoDB where one is removed, which heeds no etag there, before anything is sent", async () => {
    fake.type = "state.aws.dynamodb";
    fake.put("k-a", 1);
    fake.put("k-b", 1);
    const message = expect.stringContaining(
      '"store" is state.aws.dynamodb, which removes a key in a transaction though',
    );
    expect(await call("several")).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_BAD_REQUEST", message } });
    expect(fake.requests.every((request) => request.startsWith("read"))).toBe(true);
  });

  it("are refused in Redis, whose transactions are not, before anything is sent", async () => {
    fake.type = "state.redis";
    fake.put("k-a", 1);
    fake.put("k-b", 1);
    const { status, body } = await call("several");
    expect({ status, body }).toMatchObject({ status: 500, body: { errorCode: "ERR_DAPR_BAD_REQUEST" } });
    expect(fake.requests.every((request) => request.startsWith("read"))).toBe(true);
  });
});

describe("callers of one process", () => {
  it("wait for each other, key by key, and run once each", async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) => call("add", index % 2 === 0 ? "even" : "odd")),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(functions.runs).toBe(8);
    expect([fake.state.get("even")!.value, fake.state.get("odd")!.value]).toEqual([4, 4]);
  });

  it("do not wait for one that has failed", async () => {
    functions.during = () => {
      if (functions.runs === 1) throw new Error("no");
    };
    const replies = await Promise.all([call("add"), call("add")]);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 500]));
    expect(fake.state.get("k")!.value).toBe(1);
  });
});
