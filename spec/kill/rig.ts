import { createHash } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { call, component } from "../contract/harness.js";
import { compileFolder, startAppProcess, type AppProcess } from "../support/app-process.js";
import { freePort, startDaprd, type Daprd } from "../support/daprd.js";
import { startRedis, type Redis } from "../support/redis.js";
import type { Counted, Work } from "./app/functions.js";

type Client = Awaited<ReturnType<typeof connected>>;

const appId = "workers";
/**
 * daprd calls the app once at a time. Where a call fails while another begins, as happens when the app is killed, it may take
 * the one that failed for answered with 200, and lose the event: about once in 3,000 failures (1.18.1).
 *
 * @see https://github.com/dapr/dapr/blob/v1.18.1/pkg/middleware/http/pipeline.go#L59, one root for all calls
 */
const flags = ["--app-max-concurrency=1"];
/** Counters that are changed at the same time, and how many events of a way one takes before it is left. */
const counters = 3;
const perCounter = 300;
const topics = ["singles", "bulks", "copies"] as const;
/** How many events are on their way at most, so that a restart is not followed by a flood. */
const underWay = 30;

export const victims = ["app", "daprd", "redis"] as const;
export type Victim = (typeof victims)[number];
export type Way = "singles" | "bulks" | "calls";

/** What was acknowledged and has not all of its effects, or has an effect that nothing asked for. */
export interface Losses {
  readonly withoutResult: readonly string[];
  readonly withoutCopy: readonly string[];
  /** Copies that came under more than one id, or another than the one that the event gives. */
  readonly otherIds: readonly string[];
  readonly notCounted: readonly string[];
  /** Counters that differ from the number of their events, and events that nobody sent. */
  readonly countedWrong: readonly string[];
  /** Events that no function has acknowledged to the broker. */
  readonly leftOver: number;
  /** For each event that has not all of its effects: its entries in the stream, its runs, what daprd said of it. */
  readonly traces: readonly string[];
}

export const noLosses: Losses = {
  withoutResult: [],
  withoutCopy: [],
  otherIds: [],
  notCounted: [],
  countedWrong: [],
  leftOver: 0,
  traces: [],
};

/** An app, its daprd and a Redis that writes before it answers, each of which can be killed while events flow. */
export class Rig {
  /** Ids that were acknowledged to who sent them. */
  readonly acknowledged: Readonly<Record<Way, string[]>> = { singles: [], bulks: [], calls: [] };
  readonly #runs: Runs;
  readonly #folder: string;
  readonly #app: string;
  readonly #samples: string | undefined;
  /** The log of each daprd there was. */
  readonly #daprdLogs: (readonly string[])[] = [];
  #appProcess!: AppProcess;
  #daprd!: Daprd;
  #redis!: Redis;
  #sending = true;

  private constructor(samples: string | undefined) {
    this.#folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "kill-"));
    this.#runs = new Runs(join(this.#folder, "runs"));
    this.#samples = samples;
    this.#app = join(compileFolder(join(__dirname, "app"), []), "main.js");
  }

  /** With a file's name: the app appends a sample of its memory and delays to it each second. */
  static async start(samples?: string): Promise<Rig> {
    const rig = new Rig(samples);
    rig.#redis = await startRedis({ folder: rig.#inFolder("aof") });
    rig.#writeResources();
    const ports = { http: await freePort(), grpc: await freePort(), internal: await freePort() };
    rig.#appProcess = await rig.#startApp(await freePort(), ports.http);
    rig.#daprd = await rig.#startDaprd(ports);
    await rig.#daprd.ready;
    return rig;
  }

  async close(): Promise<void> {
    await this.#daprd.close();
    await this.#appProcess.close();
    await this.#redis.close();
    this.#runs.close();
  }

  /** SIGKILL while events are handled; resolves once another process is in its place and more have been. */
  async kill(victim: Victim): Promise<void> {
    await this.#moreRuns(10);
    if (victim === "app") {
      const { port } = this.#appProcess;
      await this.#appProcess.kill();
      this.#appProcess = await this.#startApp(port, this.#daprd.ports.http);
    } else if (victim === "daprd") {
      const { ports } = this.#daprd;
      await this.#daprd.kill();
      this.#daprd = await this.#startDaprd(ports);
    } else {
      const port = Number(this.#redis.host.split(":")[1]);
      await this.#redis.kill();
      this.#redis = await startRedis({ folder: this.#inFolder("aof"), port });
    }
    await this.#moreRuns(10);
  }

  /** Stops a process for so many milliseconds without ending it: it takes connections and does not answer. */
  async pause(victim: Victim, duration: number): Promise<void> {
    await this.#moreRuns(10);
    const { pid } = { app: this.#appProcess, daprd: this.#daprd, redis: this.#redis }[victim];
    process.kill(pid, "SIGSTOP");
    await delay(duration);
    process.kill(pid, "SIGCONT");
    await this.#moreRuns(10);
  }

  /** Sends by one way until told to stop; what is not acknowledged is sent again under its id. */
  async send(way: Way): Promise<void> {
    for (let index = 0; this.#sending; index++) {
      while (this.#sending && this.#unhandled() >= underWay) await delay(10);
      const work: Work = { id: `${way}-${index}`, counter: counterOf(index) };
      await this.#sendOne(way, work);
      this.acknowledged[way].push(work.id);
    }
  }

  stopSending(): void {
    this.#sending = false;
  }

  /** How often a function ran for an event; more than there are events where some were delivered again. */
  get runs(): number {
    return this.#runs.count();
  }

  /** Resolves once the broker has nothing left, or after a while, with what is missing then. */
  async settled(): Promise<Losses> {
    const client = await connected(this.#redis.host);
    try {
      const until = Date.now() + 60_000;
      for (;;) {
        const leftOver = await leftIn(client);
        if (leftOver === 0 || Date.now() > until) return { ...(await this.#losses(client)), leftOver };
        await delay(50);
      }
    } finally {
      client.destroy();
    }
  }

  async #losses(client: Client): Promise<Omit<Losses, "leftOver">> {
    const value = async <T>(key: string): Promise<T | undefined> => {
      const text = await client.hGet(key, "data");
      return text === null ? undefined : (JSON.parse(text) as T);
    };
    const events = [...this.acknowledged.singles, ...this.acknowledged.bulks];
    const all = [...events, ...this.acknowledged.calls];
    const withoutResult: string[] = [];
    const withoutCopy: string[] = [];
    const otherIds: string[] = [];
    for (const id of all) if ((await value(`result-${id}`)) === undefined) withoutResult.push(id);
    for (const id of events) {
      for (const part of [0, 1]) {
        const seen = await value<string[]>(`copy-${id}-${part}`);
        if (seen === undefined) withoutCopy.push(`${id}-${part}`);
        else if (seen.length !== 1 || seen[0] !== idOfCopy(id, part))
          otherIds.push(`${id}-${part}: ${seen.join(", ")}`);
      }
    }
    const counted: string[] = [];
    const countedWrong: string[] = [];
    const longest = Math.max(...Object.values(this.acknowledged).map((ids) => ids.length));
    for (const counter of new Set(Array.from({ length: longest }, (_, index) => counterOf(index)))) {
      const { count, ids } = (await value<Counted>(`counter-${counter}`)) ?? { count: 0, ids: {} };
      const names = Object.keys(ids);
      counted.push(...names);
      if (count !== names.length) countedWrong.push(`${counter}: ${count} for ${names.length}`);
    }
    const known = new Set(counted);
    const asked = new Set(all);
    const notCounted = all.filter((id) => !known.has(id));
    return {
      withoutResult,
      withoutCopy,
      otherIds,
      notCounted,
      countedWrong: [...countedWrong, ...counted.filter((id) => !asked.has(id))],
      traces: await this.#traces(
        client,
        new Set([...withoutResult, ...notCounted, ...withoutCopy.map((part) => part.replace(/-\d+$/, ""))]),
      ),
    };
  }

  async #traces(client: Client, ids: ReadonlySet<string>): Promise<string[]> {
    const traces: string[] = [];
    for (const id of ids) {
      const entries = (await client.xRange(id.split("-")[0]!, "-", "+")) ?? [];
      const own = entries.filter(({ message }) => message.data?.includes(`"${id}"`)).map((entry) => entry.id);
      const named = new RegExp(`(?:${[id, ...own].join("|")})(?!\\d)`);
      const lines = this.#daprdLogs.flat().filter((line) => named.test(line));
      traces.push(`${id}: entries ${own.join(", ") || "none"}; ${this.#runs.of(id)} runs; ${lines.join("\n")}`);
    }
    return traces;
  }

  async #sendOne(way: Way, work: Work): Promise<void> {
    for (;;) {
      // Calls go to the app itself, past the limit of daprd below, so that they meet deliveries at the counters.
      const [port, path] =
        way === "calls"
          ? [this.#appProcess.port, "/call"]
          : [this.#daprd.ports.http, `/v1.0/publish/broker/${way}?metadata.cloudevent.id=${work.id}`];
      const reply = await call(`http://127.0.0.1:${port}`, "POST", path, { body: work }).catch(() => undefined);
      if (reply !== undefined && reply.status < 300) return;
      await delay(20);
    }
  }

  #unhandled(): number {
    return this.acknowledged.singles.length + this.acknowledged.bulks.length - this.#runs.distinct();
  }

  async #moreRuns(count: number): Promise<void> {
    const enough = this.runs + count;
    for (const until = Date.now() + 60_000; this.runs < enough; await delay(10)) {
      if (Date.now() > until)
        throw new Error(`no event was handled within 60 s: ${this.#daprd.log.slice(-20).join("\n")}`);
    }
  }

  #inFolder(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  #writeResources(): void {
    const redisHost = this.#redis.host;
    // An event that a killed daprd had taken is claimed again after the processingTimeout (milliseconds).
    const redelivering = { redisHost, processingTimeout: "2000", redeliverInterval: "250" };
    const files = {
      broker: component("broker", "pubsub.redis", redelivering),
      store: component("store", "state.redis", { redisHost, keyPrefix: "none" }),
      resiliency: JSON.stringify(resiliency),
    };
    const folder = this.#inFolder("resources");
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.yaml`), text);
  }

  #startApp(port: number, sidecar: number): Promise<AppProcess> {
    return startAppProcess(this.#app, {
      RUNS: this.#runs.file,
      DAPR_APP_PORT: String(port),
      DAPR_HTTP_PORT: String(sidecar),
      ...(this.#samples !== undefined && { SAMPLES: this.#samples }),
    });
  }

  async #startDaprd(ports: Daprd["ports"]): Promise<Daprd> {
    const resources = [this.#inFolder("resources")];
    const daprd = await startDaprd({ appId, appPort: this.#appProcess.port, resources, ports, flags });
    this.#daprdLogs.push(daprd.log);
    return daprd;
  }
}

/** What the app appends to a file when a function runs for an event: `<id> <event id>`, read as it grows. */
class Runs {
  readonly #handle: number;
  readonly #ids = new Map<string, number>();
  #count = 0;
  #rest = "";

  constructor(readonly file: string) {
    writeFileSync(file, "");
    this.#handle = openSync(file, "r");
  }

  count(): number {
    this.#read();
    return this.#count;
  }

  distinct(): number {
    this.#read();
    return this.#ids.size;
  }

  of(id: string): number {
    this.#read();
    return this.#ids.get(id) ?? 0;
  }

  close(): void {
    closeSync(this.#handle);
  }

  #read(): void {
    const buffer = Buffer.alloc(65_536);
    for (let length = 1; length > 0;) {
      length = readSync(this.#handle, buffer, 0, buffer.length, null);
      const lines = (this.#rest + buffer.toString("latin1", 0, length)).split("\n");
      this.#rest = lines.pop()!;
      this.#count += lines.length;
      for (const line of lines) {
        const id = line.split(" ")[0]!;
        this.#ids.set(id, (this.#ids.get(id) ?? 0) + 1);
      }
    }
  }
}

function counterOf(index: number): string {
  return `${Math.floor(index / perCounter)}-${index % counters}`;
}

function connected(host: string) {
  return createClient({ url: `redis://${host}` }).connect();
}

/** Events that wait in the broker, and those that were handed out and not acknowledged. */
async function leftIn(client: Client): Promise<number> {
  const left = await Promise.all(
    topics.map(async (topic) => {
      const group = (await client.xInfoGroups(topic)).find(({ name }) => name === appId)!;
      const waiting = await client.xRange(topic, `(${group["last-delivered-id"]}`, "+");
      return group.pending + (waiting?.length ?? 0);
    }),
  );
  return left.reduce((sum, count) => sum + count);
}

/** The id that a copy has to have at every delivery of its event: docs/wire-format.md. */
function idOfCopy(id: string, part: number): string {
  const name = id.startsWith("singles") ? "single" : "bulk";
  const parts = JSON.stringify([appId, id, name, "copies", part]);
  return createHash("sha256").update(parts).digest("hex").slice(0, 32);
}

const resiliency = {
  apiVersion: "dapr.io/v1alpha1",
  kind: "Resiliency",
  metadata: { name: "deliveries" },
  spec: {
    policies: { retries: { lasting: { policy: "constant", duration: "100ms", maxRetries: -1 } } },
    targets: { components: { broker: { inbound: { retry: "lasting" } } } },
  },
};
