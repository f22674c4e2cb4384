import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { compileApp, startAppProcess, type AppProcess } from "../support/app-process.js";
import { freePort, startDaprd, type Daprd } from "../support/daprd.js";
import { startRedis, type Redis } from "../support/redis.js";
import { canRun } from "../support/not-run.js";
import { call, component } from "./harness.js";
import type { Job } from "./worker/main.js";

const group = "workers";
/** A daprd whose app is gone leaves its events to others. */
const probing = [
  "--enable-app-health-check",
  "--app-health-check-path=/healthz",
  "--app-health-probe-interval=1",
  // Probes that a busy machine answers late are not the end of an app, whose events would come again: daprd counts them
  // all, whatever came between.
  "--app-health-probe-timeout=950",
  "--app-health-threshold=3",
];

const names = ["first", "second"] as const;
type Name = (typeof names)[number];

/** An app and its daprd. */
interface Instance {
  readonly app: AppProcess;
  readonly daprd: Daprd;
}

if (canRun("the contract suite with Redis", "daprd", "redis-server")) {
  describe("redelivery [redis]", () => {
    let redis: Redis;
    let client: ReturnType<typeof connected>;
    let worker: string;
    let resources: string;
    const instances = new Map<Name, Instance>();

    const connected = () => createClient({ url: `redis://${redis.host}` });
    const startInstance = async (name: Name, port: number, ports?: Daprd["ports"]): Promise<void> => {
      const sidecar = ports ?? { http: await freePort(), grpc: await freePort(), internal: await freePort() };
      const app = await startApp(name, port, sidecar);
      const daprd = await startDaprd({
        appId: group,
        appPort: app.port,
        resources: [resources],
        ports: sidecar,
        flags: probing,
      });
      await daprd.ready;
      instances.set(name, { app, daprd });
    };
    const startApp = (name: Name, port: number, { http }: Daprd["ports"]): Promise<AppProcess> =>
      startAppProcess(worker, {
        INSTANCE: name,
        REDIS_HOST: redis.host,
        DAPR_APP_PORT: String(port),
        DAPR_HTTP_PORT: String(http),
      });

    beforeAll(async () => {
      redis = await startRedis();
      client = connected();
      await client.connect();
      worker = compileApp(join(__dirname, "worker", "main.ts"), ["redis"]);
      resources = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "resources-"));
      // Milliseconds: a redeliverInterval with a unit is taken for none and leaves the default, 15 s. It divides the
      // processingTimeout, or a daprd whose app is gone may claim its event again before any other does.
      const redelivering = { redisHost: redis.host, processingTimeout: "2000", redeliverInterval: "250" };
      // Where deliveries are counted, none may come of an event that a busy machine has not dealt with yet.
      const patient = { redisHost: redis.host, processingTimeout: "20000", redeliverInterval: "5000" };
      const files = {
        limited: component("limited", "pubsub.redis", patient),
        lasting: component("lasting", "pubsub.redis", redelivering),
        patient: component("patient", "pubsub.redis", patient),
        bare: component("bare", "pubsub.redis", patient),
        store: component("store", "state.redis", { redisHost: redis.host, keyPrefix: "none" }),
        resiliency: JSON.stringify(resiliency),
      };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(resources, `${name}.yaml`), text);
      await Promise.all(names.map(async (name) => startInstance(name, await freePort())));
    }, 120_000);
    afterAll(async () => {
      await Promise.all([...instances.values()].flatMap(({ app, daprd }) => [daprd.close(), app.close()]));
      await client.close();
      await redis.close();
    });

    const publish = async (pubsub: string, topic: string, job: Job): Promise<void> => {
      const path = `/v1.0/publish/${pubsub}/${topic}?metadata.cloudevent.id=event-${job.id}`;
      expect(await call(instances.get("first")!.daprd.url, "POST", path, { body: job })).toMatchObject({ status: 204 });
    };
    /** The next of a list, once it is there. */
    const next = async (list: string): Promise<string> => {
      const waiting = await client.duplicate().connect();
      const found = await waiting.blPop(list, 60);
      await waiting.close();
      if (found === null) throw new Error(`nothing appeared in ${list} within 60 s`);
      return found.element;
    };
    /** What a function has put into Dapr's state for a job, once it is there. */
    const result = async (id: string): Promise<string> => {
      for (const until = Date.now() + 90_000; Date.now() < until; await delay(20)) {
        const value = await client.hGet(id, "data");
        if (value !== null) return JSON.parse(value) as string;
      }
      throw new Error(`job ${id} had no result within 90 s`);
    };
    const deliveries = (id: string): Promise<string[]> => client.lRange(`deliveries:${id}`, 0, -1);
    /** Events of a topic that no app has dealt with yet. */
    const pending = async (topic: string): Promise<number> => (await client.xPending(topic, group)).pending;

    it.each(["throw", "retry"] as const)(
      "repeats an event until it is dealt with, under the same id (%s)",
      async (failing) => {
        await publish("patient", "patient-jobs", { id: failing, deliveries: [failing, failing, "done"] });
        expect(names).toContain(await result(failing));
        const seen = (await deliveries(failing)).map((delivery) => delivery.split(" ")[1]);
        expect(seen).toEqual(Array(3).fill(`event-${failing}`));
      },
      120_000,
    );

    it("publishes under the same id when it is repeated", async () => {
      await call(instances.get("first")!.daprd.url, "POST", "/v1.0/state/store", {
        body: [{ key: "taken", value: 1 }],
      });
      await publish("patient", "relayed-jobs", { id: "copied", deliveries: [] });
      await result("copied");
      expect(await deliveries("copied")).toHaveLength(2);
      const parts = JSON.stringify([group, "event-copied", "relay", "copies", 0]);
      const id = createHash("sha256").update(parts).digest("hex").slice(0, 32);
      expect([await next("copies:copied"), await next("copies:copied")]).toEqual([id, id]);
    }, 120_000);

    it("dead-letters an event when its retries are used up", async () => {
      await publish("limited", "jobs", { id: "hopeless", deliveries: ["throw"] });
      expect(await next("buried:hopeless")).toBe("event-hopeless");
      expect(await deliveries("hopeless")).toHaveLength(1 + policies.retries.few.maxRetries);
      expect(await client.exists("hopeless")).toBe(0);
    }, 120_000);

    it("dead-letters an event where an outage outlasts its retries, and deals with it where they outlast the outage", async () => {
      const outage = Array<"throw">(policies.retries.few.maxRetries + 10).fill("throw");
      const job: Job = { id: "outlasted", deliveries: [...outage, "done"] };
      await publish("limited", "jobs", job);
      expect(await next("buried:outlasted")).toBe("event-outlasted");
      expect(await deliveries("outlasted")).toHaveLength(1 + policies.retries.few.maxRetries);
      await publish("patient", "patient-jobs", { ...job, id: "outlasting" });
      expect(names).toContain(await result("outlasting"));
      expect(await deliveries("outlasting")).toHaveLength(outage.length + 1);
      expect(await client.exists("outlasted")).toBe(0);
    }, 120_000);

    // The component acknowledges what failed: only a retry policy of Dapr's repeats it.
    it("loses an event that fails once where there is no retry policy", async () => {
      await publish("bare", "bare-jobs", { id: "unlucky", deliveries: ["throw", "done"] });
      await next("begun:unlucky");
      await publish("bare", "bare-jobs", { id: "lucky", deliveries: ["done"] });
      await result("lucky");
      while ((await pending("bare-jobs")) > 0) await delay(20);
      expect(await deliveries("unlucky")).toHaveLength(1);
    }, 120_000);

    it("shares the events among the instances, each handled once and none lost", async () => {
      const by = new Set<string>();
      // Once more where a busy machine has given one of them no time at all; who gets none never ends this.
      for (let round = 0; by.size < names.length; round++) {
        const ids = Array.from({ length: 300 }, (_, index) => `shared-${round}-${index}`);
        for (const id of ids) await publish("limited", "jobs", { id, deliveries: ["done"] });
        for (const id of ids) await result(id);
        const seen = await Promise.all(ids.map(deliveries));
        expect(seen.filter((each) => each.length !== 1)).toEqual([]);
        for (const delivery of seen.flat()) by.add(delivery.split(" ")[0]!);
      }
      expect(by).toEqual(new Set(names));
    }, 120_000);

    describe("when it is killed in the middle of an event,", () => {
      const victimOf = async (
        id: string,
        pubsub: "lasting" | "patient" = "lasting",
      ): Promise<[name: Name, instance: Instance, other: Name]> => {
        await publish(pubsub, `${pubsub}-jobs`, { id, deliveries: ["hang", "done"] });
        const name = (await next(`begun:${id}`)) as Name;
        return [name, instances.get(name)!, name === "first" ? "second" : "first"];
      };

      it("an app's event goes to the other instance", async () => {
        const [name, { app, daprd }, other] = await victimOf("cut-off");
        await app.kill();
        expect(await result("cut-off")).toBe(other);
        instances.set(name, { app: await startApp(name, app.port, daprd.ports), daprd });
      }, 120_000);

      it("an app that comes back gets the event again", async () => {
        // Of a broker by which the other instance does not claim the event while this one comes back.
        const [name, { app, daprd }] = await victimOf("restarted", "patient");
        await app.kill();
        instances.set(name, { app: await startApp(name, app.port, daprd.ports), daprd });
        expect(names).toContain(await result("restarted"));
        expect(await deliveries("restarted")).toHaveLength(2);
      }, 120_000);

      it("a daprd's event goes to the other instance", async () => {
        const [name, { app, daprd }, other] = await victimOf("beheaded");
        await Promise.all([daprd.kill(), app.kill()]);
        expect(await result("beheaded")).toBe(other);
        await startInstance(name, app.port, daprd.ports);
      }, 120_000);
    });

    it("leaves nothing behind", async () => {
      for (const topic of ["jobs", "dead-jobs", "lasting-jobs", "patient-jobs", "bare-jobs"]) {
        while ((await pending(topic)) > 0) await delay(20);
        expect(await pending(topic)).toBe(0);
      }
    });
  });
}

const policies = {
  retries: {
    few: { policy: "constant", duration: "100ms", maxRetries: 4 },
    lasting: { policy: "constant", duration: "100ms", maxRetries: -1 },
  },
};
const resiliency = {
  apiVersion: "dapr.io/v1alpha1",
  kind: "Resiliency",
  metadata: { name: "deliveries" },
  spec: {
    policies,
    targets: {
      components: {
        limited: { inbound: { retry: "few" } },
        lasting: { inbound: { retry: "lasting" } },
        patient: { inbound: { retry: "lasting" } },
      },
    },
  },
};
