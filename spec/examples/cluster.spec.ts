import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { call, contract, type Reply } from "../contract/harness.js";
import { compileFolder } from "../support/app-process.js";
import { freePort, killAtExit } from "../support/daprd.js";
import { recordingSidecar } from "../support/recording-sidecar.js";

jest.setTimeout(120_000);

const example = join(__dirname, "../../examples/cluster");
const components = readFileSync(join(example, "components/components.yaml"), "utf8");

/** The example as a process, with what it has said. */
class Running {
  readonly ended: Promise<unknown>;
  readonly #lines: string[] = [];
  /** And all that it said has been read. */
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(readonly child: ChildProcess) {
    const forget = killAtExit(child);
    this.ended = once(child, "close").then(([code, signal]) => {
      forget();
      this.#hasEnded = true;
      this.#wake();
      return (signal as string | null) ?? (code as number);
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
  }

  /** Resolves once it has said so many lines that match, with the first group of each. */
  async said(pattern: RegExp, count = 1): Promise<string[]> {
    for (;;) {
      const found = this.#lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
      if (found.length >= count) return found;
      if (this.#hasEnded) throw new Error(`it ended and had said:\n${this.#lines.join("\n")}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const serves = /^worker (\d+) serves$/;
let main: string;
let running: Running;

beforeAll(() => {
  main = join(compileFolder(example, []), "main.mjs");
});

afterEach(async () => {
  running.child.kill("SIGKILL");
  await running.ended;
});

async function start(port: number, sidecar: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const own = { WORKERS: "2", APP_PORT: String(port), DAPR_HTTP_ENDPOINT: sidecar, DAPR_FUNCTIONS_LOG: "off", ...env };
  running = new Running(spawn(process.execPath, [main], { env: { ...process.env, ...own } }));
  return running;
}

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

const post = (port: number, path: string, body: unknown): Promise<Reply> =>
  call(`http://127.0.0.1:${port}`, "POST", path, { body });

/** Asks over new connections until each of the processes has answered. */
async function askAll(port: number, pids: readonly string[]): Promise<void> {
  const left = new Set(pids);
  for (let n = 0; left.size > 0; n++) left.delete(String((await post(port, "/placeOrder", { id: `ask-${n}` })).json));
}

contract("examples/cluster", (startSidecar) => {
  it("serves from both workers, replaces one that dies, loses no event and no update, and ends with 0", async () => {
    const port = await freePort();
    const app = { port };
    // daprd waits for the app, which only needs to know where its sidecar will be.
    const sidecar = await startSidecar({ components: { all: components }, app, awaitApp: false });
    try {
      await start(port, sidecar.url);
      const [first, second] = (await running.said(serves, 2)) as [string, string];
      await sidecar.ready;
      await askAll(port, [first, second]);

      const invoke = (method: string, body: unknown): Promise<Reply> =>
        call(sidecar.url, "POST", `/v1.0/invoke/${sidecar.appId}/method/${method}`, { body });
      const stateOf = async (key: string): Promise<unknown> =>
        (await call(sidecar.url, "GET", `/v1.0/state/statestore/${key}`)).json;
      const placed = async (name: string): Promise<void> => {
        const ids = Array.from({ length: 20 }, (_, n) => `${name}-${n}`);
        const replies = await Promise.all(ids.map((id) => invoke("placeOrder", { id })));
        expect(replies.map(({ status }) => status)).toEqual(ids.map(() => 200));
        // What is lost never comes, and the spec's time runs out.
        for (const id of ids) while ((await stateOf(id)) === undefined);
      };
      await placed("before");

      process.kill(Number(second), "SIGKILL");
      expect(await running.said(/^worker (\d+) ended with SIGKILL$/)).toEqual([second]);
      const third = (await running.said(serves, 3))[2]!;
      await askAll(port, [first, third]);
      await placed("after");

      const visits = await Promise.all(Array.from({ length: 30 }, () => post(port, "/countVisit", null)));
      expect(new Set(visits.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await stateOf("visits")).toBe(30);

      running.child.kill("SIGTERM");
      expect(await running.ended).toBe(0);
      expect([first, third].filter(isAlive)).toEqual([]);
    } finally {
      await sidecar.close();
    }
  });
});

describe("examples/cluster", () => {
  it("finishes what is in flight when the primary is told to stop", async () => {
    const sidecar = await recordingSidecar();
    try {
      let isHeld: () => void;
      let release: () => void;
      const held = new Promise<void>((resolve) => (isHeld = resolve));
      const released = new Promise<void>((resolve) => (release = resolve));
      sidecar.answer = async ({ path }) => {
        if (!path.startsWith("/v1.0/publish/")) return { status: 404 };
        isHeld();
        await released;
        return {};
      };
      const port = await freePort();
      await start(port, sidecar.url);
      await running.said(serves, 2);
      const answer = post(port, "/placeOrder", { id: "41" });
      await held;
      running.child.kill("SIGTERM");
      await running.said(/^(stopping)$/);
      release!();
      expect((await answer).status).toBe(200);
      expect(sidecar.lines.filter((line) => line.startsWith("POST"))).toEqual([
        expect.stringMatching(/^POST \/v1\.0\/publish\/bus\/orders\S* \{"id":"41"\}$/),
      ]);
      expect(await running.ended).toBe(0);
    } finally {
      await sidecar.close();
    }
  });

  it("ends with 1 when workers cannot start", async () => {
    const taken = await recordingSidecar();
    try {
      await start(Number(new URL(taken.url).port), taken.url);
      expect(await running.said(/^worker \d+ (ended with 1)$/)).not.toEqual([]);
      expect(await running.ended).toBe(1);
    } finally {
      await taken.close();
    }
  });
});
