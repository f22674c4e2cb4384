import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { consumerProject } from "../support/packed.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";
import { atEnd, send } from "./support.js";

// Packing the library takes longer than a test may.
jest.setTimeout(60_000);

/** An app in a process of its own; its functions are those of a program that forgets to await, and one that is slow. */
const program = `
const { serve, DaprServiceInvocationTrigger, DaprStateOutput } = require("dapr-functions");
class Work {
  async slow(_, { out }) {
    console.log("running");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    process.stdin.unref();
    out.add(1);
    return "done";
  }
  forgetful(how, { out }) {
    const late = (action) => setTimeout(action, 1);
    if (how === "add") late(() => out.add(1));
    if (how === "reject") late(() => void Promise.reject(new Error("nobody awaits")));
    if (how === "throw") late(() => { throw new Error("a bug"); });
  }
}
for (const method of ["slow", "forgetful"]) {
  const descriptor = Object.getOwnPropertyDescriptor(Work.prototype, method);
  DaprStateOutput({ name: "out", stateStore: "s", key: "k" })(Work.prototype, method, descriptor);
  DaprServiceInvocationTrigger()(Work.prototype, method, descriptor);
}
if (process.argv[3] === "listens") process.on("SIGTERM", () => console.log("told"));
const options = { port: 0, daprUrl: process.argv[2] };
const other = process.argv[3] === "twice" ? serve([Work], options) : undefined;
Promise.resolve(other).then(() => serve([Work], options)).then((app) => console.log("port " + app.port));
`;

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly sidecar: RecordingSidecar;
  /** Resolves once a line holds the text, in what it has written or will write. */
  said(text: string): Promise<void>;
  /** What it has written. */
  readonly lines: readonly string[];
  /** How the process ended: its exit code or its signal. */
  readonly ended: Promise<unknown>;
}

async function start(...args: string[]): Promise<Running> {
  const sidecar = await recordingSidecar();
  atEnd(() => sidecar.close());
  const project = consumerProject();
  writeFileSync(join(project, "app.cjs"), program);
  const child = spawn(process.execPath, ["app.cjs", sidecar.url, ...args], {
    cwd: project,
    env: { ...process.env, DAPR_DISABLE_SIDECAR_METADATA_CHECK: "true" },
  });
  const ended = once(child, "exit").then(([code, signal]) => (signal as string | null) ?? (code as number));
  atEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!lines.some((line) => line.includes(text))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  await said("port ");
  const port = Number(/port (\d+)/.exec(lines.join("\n"))![1]);
  return { child, port, sidecar, said, lines, ended };
}

function forgetful(app: Running, how: string) {
  return send(app, "POST", "/forgetful", { headers: { "content-type": "text/plain" }, body: how });
}

describe("a process that serves", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("finishes what is in flight on %s, then ends by it", async (signal) => {
    const app = await start();
    const answer = send(app, "POST", "/slow");
    await app.said("running");
    app.child.kill(signal);
    // Once more, as shells and npm do.
    app.child.kill(signal);
    app.child.stdin!.write("go\n");
    expect((await answer).body).toBe('"done"');
    expect(app.sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
    expect(await app.ended).toBe(signal);
  });

  it("leaves its end to a listener of the program's own", async () => {
    const app = await start("listens");
    app.child.kill("SIGTERM");
    await app.said("told");
    app.child.stdin!.end();
    expect(await app.ended).toBe(0);
  });

  it("lives on when a function forgets to await, and says so", async () => {
    const app = await start();
    await forgetful(app, "add");
    await app.said("the invocation had ended");
    await forgetful(app, "reject");
    await app.said("nobody awaits");
    expect((await forgetful(app, "nothing")).status).toBe(200);
  });

  it("does so with two apps in it, and ends by a signal when both have closed", async () => {
    const app = await start("twice");
    await forgetful(app, "reject");
    await app.said("nobody awaits");
    app.child.kill("SIGTERM");
    expect(await app.ended).toBe("SIGTERM");
    expect(app.lines.filter((line) => line.includes("a promise was rejected that nobody awaits"))).toHaveLength(1);
  });

  it("ends at any other exception that nobody catches, as ever", async () => {
    const app = await start();
    await forgetful(app, "throw");
    await app.said("Error: a bug");
    expect(await app.ended).toBe(1);
  });
});
