import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { serve, SidecarError, type App, type DaprClient } from "dapr-functions";
import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { compileFolder, startAppProcess, type AppProcess } from "../support/app-process.js";
import { startHandlers } from "../support/dapr-extension.js";
import { freePort, startDaprd, type Daprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { startRedis, type Redis } from "../support/redis.js";
import { Entries, type Count } from "./entries/functions.js";
import { call, component, type Reply } from "./harness.js";

jest.setTimeout(120_000);

/** How many callers call at once, and how often in all. */
const callers = 16;
const calls = 400;

const log = { info() {}, warn() {}, error() {}, debug() {} };

/** Calls as often as told, so many at once; gives what came, in no order. */
async function callOften<T>(count: number, atOnce: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results.push(await one(index));
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return results;
}

/** A client of which a spec decides what becomes of the next write. */
interface Intercepted {
  readonly client: DaprClient;
  /** Called once, in place of a write. */
  next: ((write: () => Promise<void>) => Promise<void>) | undefined;
}

function intercepted(client: DaprClient): Intercepted {
  const writes = new Set<PropertyKey>(["saveState", "deleteState", "transactState"]);
  const own: Intercepted = {
    client: new Proxy(client, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<void>;
        if (!writes.has(name)) return method.bind(target);
        return (...args: unknown[]) => {
          const { next } = own;
          own.next = undefined;
          const write = (): Promise<void> => method.apply(target, args);
          return next === undefined ? write() : next(write);
        };
      },
    }),
    next: undefined,
  };
  return own;
}

const noAnswer = (): SidecarError =>
  new SidecarError({
    status: 500,
    errorCode: "ERR_DAPR_REQUEST_FAILED",
    message: "other side closed",
    operation: "POST /v1.0/state/store",
    target: "the sidecar",
  });

const stores = ["state.in-memory", "state.sqlite", "state.redis"] as const;

if (canRun("state entries on daprd", "daprd", "redis-server")) {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  let file: string | undefined;
  const compiled = (): string => (file ??= join(compileFolder(join(__dirname, "entries"), []), "main.js"));

  describe.each(stores)("state entries in %s [entries]", (type) => {
    let daprd: Daprd;
    let app: App;
    let client: HttpDaprClient;
    let folder: string;
    const functions = new Entries();
    const stateStore = "store";

    const metadata = (): Record<string, string> => {
      if (type === "state.redis") return { redisHost: redis.host };
      return type === "state.sqlite" ? { connectionString: join(folder, "state.db"), timeout: "20s" } : {};
    };
    const startAll = async (ports?: Daprd["ports"], appPort?: number): Promise<Daprd> =>
      await startDaprd({
        appId: `entries-${type.replace("state.", "")}`,
        appPort,
        resources: [folder],
        ports,
      });

    beforeAll(async () => {
      folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "entries-"));
      writeFileSync(join(folder, "store.yaml"), component("store", type, metadata()));
      daprd = await startAll();
      client = new HttpDaprClient({ url: daprd.url });
      functions.disturb = disturb;
      app = await serve([functions], { port: 0, daprUrl: daprd.url, log });
    });
    afterAll(async () => {
      await app?.close();
      await client?.close();
      await daprd?.close();
    });

    const disturb = async (key: string, value: number): Promise<void> =>
      await client.saveState({ stateStore, entries: [{ key, value }] });
    const invoke = (name: string, body: unknown, url = app.url): Promise<Reply> =>
      call(url, "POST", `/${name}`, { body });
    const stored = async <T>(key: string): Promise<T> => (await client.getState({ stateStore, key })).value as T;

    const startApp = (port: number): Promise<AppProcess> =>
      startAppProcess(compiled(), { DAPR_APP_PORT: String(port), DAPR_HTTP_PORT: String(daprd.ports.http) });

    const allCalls = { count: calls, missing: [], others: 0 };

    /** Makes every call until it is acknowledged. */
    async function countOnce(key: string, url: string, alsoUntil: () => Promise<void>): Promise<void> {
      const until = performance.now() + 90_000;
      await callOften(calls, callers, async (index) => {
        for (;;) {
          const reply = await invoke("count", { key, call: `c${index}` }, url).catch(() => undefined);
          if (reply?.status === 200) return;
          if (performance.now() > until) throw new Error(`never acknowledged: ${reply?.text ?? "no answer"}`);
          await delay(20);
        }
      });
      await alsoUntil();
    }

    async function countOf(key: string): Promise<{ count: number; missing: readonly string[]; others: number }> {
      const { count, calls: made } = await stored<Count>(key);
      const expected = Array.from({ length: calls }, (_, index) => `c${index}`);
      const missing = expected.filter((name) => !(name in made));
      return { count, missing, others: Object.keys(made).length - (expected.length - missing.length) };
    }

    it("adds up: as many as were acknowledged, each once", async () => {
      const replies = await callOften(calls, callers, () => invoke("increment", { key: "sum" }));
      const numbers = replies.map(({ status, json }) => (status === 200 ? (json as number) : -status));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: calls }, (_, index) => index + 1));
      expect(await stored("sum")).toBe(calls);
    });

    it("adds up where the worker of the Functions host serves the entries", async () => {
      const worker = await startHandlers([functions], { port: 0, daprUrl: daprd.url });
      const one = (): Promise<Reply> => invoke("increment", { key: "sum-of-worker" }, worker.url);
      const replies = await callOften(calls, callers, one);
      await worker.close();
      const numbers = replies.map(({ status, json }) => (status === 200 ? (json as number) : -status));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: calls }, (_, index) => index + 1));
      expect(await stored("sum-of-worker")).toBe(calls);
    });

    it("lets one of several create a key", async () => {
      for (let round = 0; round < 10; round++) {
        const replies = await callOften(8, 8, (by) =>
          invoke("create", { key: `created-${round}`, by: `caller-${by}` }),
        );
        const winner = await stored(`created-${round}`);
        expect(replies.map(({ json }) => json)).toEqual(Array.from({ length: 8 }, () => winner));
      }
    });

    it("gives each value to one taker, and loses none between removal and change", async () => {
      const taken: string[] = [];
      await callOften(60, 8, async (index) => {
        const isTaker = index % 3 === 2;
        const reply = await invoke("take", isTaker ? { key: "slot" } : { key: "slot", put: `v${index}` });
        expect(reply.status).toBe(200);
        taken.push(...(reply.json as string[]));
      });
      const rest = await stored<string[] | undefined>("slot");
      const put = Array.from({ length: 60 }, (_, index) => index).filter((index) => index % 3 !== 2);
      expect([...taken, ...(rest ?? [])].sort()).toEqual(put.map((index) => `v${index}`).sort());
    });

    it("moves between two entries and keeps the sum, or is refused", async () => {
      const accounts = ["one", "two"];
      for (const key of accounts) await client.saveState({ stateStore, entries: [{ key, value: 100 }] });
      const process = await startApp(0);
      const urls = [app.url, `http://127.0.0.1:${process.port}`];
      const replies = await callOften(64, 8, (index) => {
        const [from, to] = index % 2 === 0 ? accounts : [...accounts].reverse();
        return invoke("transfer", { from, to, amount: 1 + (index % 7) }, urls[(index >> 1) % 2]);
      });
      const rounds = type === "state.redis" ? 0 : 8;
      await client.saveState({ stateStore, entries: [{ key: "bank", value: rounds * urls.length }] });
      for (let round = 0; round < rounds; round++) {
        // Each makes the account, or finds the one that the other has made.
        await Promise.all(urls.map((url) => invoke("transfer", { from: "bank", to: `new-${round}`, amount: 1 }, url)));
        expect(await stored(`new-${round}`)).toBe(urls.length);
      }
      expect(await stored("bank")).toBe(0);
      await process.close();
      const sum = (await stored<number>("one")) + (await stored<number>("two"));
      const refusal = { status: 500, text: expect.stringContaining("state.redis, whose transactions") };
      const expected = type === "state.redis" ? refusal : { status: 200 };
      expect({ sum, replies }).toMatchObject({ sum: 200, replies: replies.map(() => expected) });
    });

    it("refuses two entries that turn out to be one key", async () => {
      const reply = await invoke("transfer", { from: "one", to: "one", amount: 1 });
      expect(reply).toMatchObject({ status: 400, json: { errorCode: "ERR_BINDING_DATA" } });
    });

    it("counts right in two processes", async () => {
      const processes = await Promise.all([startApp(0), startApp(0)]);
      const urls = processes.map(({ port }) => `http://127.0.0.1:${port}`);
      const replies = await callOften(120, 8, (index) => invoke("increment", { key: "both" }, urls[index % 2]));
      await Promise.all(processes.map((process) => process.close()));
      const numbers = replies.map(({ status, json }) => (status === 200 ? (json as number) : -status));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
      expect(await stored("both")).toBe(120);
    });

    it("loses no acknowledged call when the app is killed, nor counts one twice", async () => {
      const port = await freePort();
      let process = await startApp(port);
      const url = `http://127.0.0.1:${port}`;
      const killing = (async () => {
        for (let kills = 0; kills < 3; kills++) {
          await delay(150);
          await process.kill();
          process = await startApp(port);
        }
      })();
      await countOnce("killed-app", url, () => killing);
      await process.close();
      expect(await countOf("killed-app")).toEqual(allCalls);
    });

    it("loses no acknowledged call when the sidecar is killed, nor counts one twice", async () => {
      // What is in the memory of the sidecar dies with it.
      const lasting = type !== "state.in-memory";
      const killing = (async () => {
        for (let kills = 0; lasting && kills < 3; kills++) {
          await delay(150);
          const { ports } = daprd;
          await daprd.kill();
          daprd = await startAll(ports);
        }
      })();
      await countOnce("killed-sidecar", app.url, () => killing);
      expect(await countOf("killed-sidecar")).toEqual(allCalls);
    });

    it("runs again after a conflict, with the payload as it was sent and what is there now", async () => {
      const reply = await invoke("disturbed", { key: "twice", times: 2 });
      expect(reply).toMatchObject({ status: 200, json: { attempt: 3, read: 200, seen: [3] } });
      expect(await stored("twice")).toBe(201);
      expect(await stored("twice-log")).toBe(3);
    });

    it("notices that the key was removed in between", async () => {
      await client.saveState({ stateStore, entries: [{ key: "removed", value: 1 }] });
      functions.disturb = async () => await client.deleteState({ stateStore, key: "removed" });
      const reply = await invoke("disturbed", { key: "removed", times: 1 });
      functions.disturb = disturb;
      expect(reply).toMatchObject({ status: 200, json: { attempt: 2 } });
      expect((reply.json as { read?: number }).read).toBeUndefined();
      expect(await stored("removed")).toBe(1);
    });

    it("gives each value to one taker in two processes, though others have removed the key", async () => {
      const processes = await Promise.all([startApp(0), startApp(0)]);
      const urls = processes.map(({ port }) => `http://127.0.0.1:${port}`);
      const puts = Array.from({ length: 12 }, (_, index) => `p${index}`);
      const taken: string[] = [];
      for (const put of puts) {
        await invoke("take", { key: "shared-slot", put });
        const replies = await Promise.all(urls.map((url) => invoke("take", { key: "shared-slot" }, url)));
        expect(replies.map(({ status }) => status)).toEqual([200, 200]);
        taken.push(...replies.flatMap(({ json }) => json as string[]));
      }
      await Promise.all(processes.map((process) => process.close()));
      expect(taken).toEqual(puts);
      // In Redis a null stands for a key that was removed.
      expect((await stored("shared-slot")) ?? undefined).toBeUndefined();
    });

    describe("beside another process, of which answers are lost,", () => {
      let other: App;
      let way: Intercepted;
      beforeAll(async () => {
        way = intercepted(new HttpDaprClient({ url: daprd.url }));
        other = await serve([functions], { port: 0, client: way.client, log });
      });
      afterAll(async () => {
        await other?.close();
        await way?.client.close();
      });

      const lose = (isCarriedOut: boolean, meanwhile: () => Promise<void>): void => {
        way.next = async (write) => {
          if (isCarriedOut) await write();
          await meanwhile();
          throw noAnswer();
        };
      };
      const isNotKnown = ({ status, text }: Reply): boolean => status === 500 && text.includes("is not known");

      it.each(
        [true, false].flatMap((isCarriedOut) =>
          [0, 1, 2].flatMap((others) => [true, false].map((isThere) => ({ isCarriedOut, others, isThere }))),
        ),
      )(
        "stores each acknowledged increment once: carried out $isCarriedOut, $others others, a key that is there $isThere",
        async ({ isCarriedOut, others, isThere }) => {
          const key = `lost-${isCarriedOut}-${others}-${isThere}`;
          const replies: Reply[] = [];
          const increment = async (url: string): Promise<void> =>
            void replies.push(await invoke("increment", { key }, url));
          if (isThere) await increment(app.url);
          lose(isCarriedOut, async () => {
            for (let i = 0; i < others; i++) await increment(app.url);
          });
          await increment(other.url);
          const acknowledged = replies.filter(({ status }) => status === 200).length;
          const notKnown = replies.filter(isNotKnown).length;
          expect(acknowledged + notKnown).toBe(replies.length);
          const count = (await stored<number | undefined>(key)) ?? 0;
          expect(count).toBeGreaterThanOrEqual(acknowledged);
          expect(count).toBeLessThanOrEqual(acknowledged + notKnown);
          // A version is found once, so that what was not carried out can be made up for.
          const isCertain = !isCarriedOut && others === 0 && (isThere || type === "state.redis");
          expect(isCertain ? notKnown : 0).toBe(0);
        },
      );

      it.each(
        [true, false].flatMap((isCarriedOut) => [true, false].map((isContended) => ({ isCarriedOut, isContended }))),
      )(
        "gives a value to one taker at most: carried out $isCarriedOut, another takes it $isContended",
        async ({ isCarriedOut, isContended }) => {
          const key = `ticket-${isCarriedOut}-${isContended}`;
          await invoke("take", { key, put: "ticket" });
          const replies: Reply[] = [];
          lose(isCarriedOut, async () => {
            if (isContended) replies.push(await invoke("take", { key }));
          });
          replies.push(await invoke("take", { key }, other.url));
          const taken = replies.filter(({ status }) => status === 200).flatMap(({ json }) => json as string[]);
          expect(taken.length).toBeLessThanOrEqual(1);
          expect(replies.filter((reply) => reply.status !== 200 && !isNotKnown(reply))).toEqual([]);
          const isCertain = !replies.some(isNotKnown) || (!isCarriedOut && !isContended);
          expect(isCertain ? taken : ["ticket"]).toEqual(["ticket"]);
        },
      );

      it("counts a fraction once, of which the store may keep six decimals", async () => {
        lose(true, () => Promise.resolve());
        const reply = await invoke("increment", { key: "third", step: 1 / 3 }, other.url);
        expect({ reply, isNotKnown: isNotKnown(reply) }).toMatchObject({ isNotKnown: true });
        expect(await stored("third")).toBeCloseTo(1 / 3, 5);
      });

      it("takes back a fraction that was written to a key which was deleted meanwhile", async () => {
        await invoke("increment", { key: "third-of-nothing" });
        way.next = async (write) => {
          await client.deleteState({ stateStore, key: "third-of-nothing" });
          await write();
        };
        const reply = await invoke("increment", { key: "third-of-nothing", step: 1 / 3 }, other.url);
        expect(reply).toMatchObject({ status: 200, json: 1 / 3 });
        expect(await stored("third-of-nothing")).toBeCloseTo(1 / 3, 5);
      });

      it("meets another version of a key that was taken and made again before its write", async () => {
        for (let round = 0; round < 2; round++) {
          await invoke("increment", { key: "revived" });
          const before = await stored<number>("revived");
          way.next = async (write) => {
            await invoke("forget", { key: "revived" });
            for (let i = 0; i <= round; i++) await invoke("increment", { key: "revived" });
            await write();
          };
          expect(before).toBe(round === 0 ? 1 : 3);
          expect(await invoke("increment", { key: "revived" }, other.url)).toMatchObject({ status: 200 });
          expect(await stored("revived")).toBe(round + 2);
        }
      });
    });

    it("keeps for good what is set after a removal", async () => {
      await invoke("increment", { key: "kept" });
      await client.saveState({ stateStore, entries: [{ key: "kept", value: 1, metadata: { ttlInSeconds: "500" } }] });
      await invoke("forget", { key: "kept" });
      await invoke("increment", { key: "kept" });
      expect(await client.getState({ stateStore, key: "kept" })).toEqual({ value: 1, etag: expect.any(String) });
      if (type !== "state.redis") return;
      const inRedis = await createClient({ url: `redis://${redis.host}` }).connect();
      const ttl = await inRedis.ttl(`entries-redis||kept`);
      inRedis.destroy();
      expect(ttl).toBe(-1);
    });

    it("leaves a key that any other writer may write", async () => {
      await invoke("increment", { key: "shared" });
      await functions.disturb("shared", 7);
      expect((await invoke("increment", { key: "shared" })).json).toBe(8);
      await functions.disturb("shared", 1);
      await client.deleteState({ stateStore, key: "shared" });
      expect((await invoke("increment", { key: "shared" })).json).toBe(1);
    });

    it("fails with 409 after the last attempt, and has sent nothing", async () => {
      const reply = await invoke("disturbed", { key: "thrice", times: 3 });
      expect(reply).toMatchObject({ status: 409, json: { errorCode: "ERR_STATE_CONFLICT" } });
      expect(await stored("thrice")).toBe(300);
      expect(await stored("thrice-log")).toBeUndefined();
    });

    it("fails as the method does when it throws on its second run, and has sent nothing", async () => {
      const reply = await invoke("disturbed", { key: "thrown", times: 1, fail: 2 });
      expect(reply).toMatchObject({ status: 500, json: { message: "not again" } });
      expect(await stored("thrown")).toBe(100);
      expect(await stored("thrown-log")).toBeUndefined();
    });
  });
}
