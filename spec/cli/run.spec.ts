import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { built, makeProject, orders, write } from "./app.js";

const project = makeProject();
const components = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1 }
`;

let running: ChildProcess[] = [];

/** A command of the packed library, with what it has printed so far. */
class Command {
  output = "";
  readonly child: ChildProcess;
  /** Its exit code, once all that it printed has been read. */
  readonly ended: Promise<number | null>;

  constructor(...args: string[]) {
    const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const env = { ...process.env, Store: "statestore" };
    this.child = spawn(process.execPath, [main, ...args], { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
    running.push(this.child);
    this.ended = once(this.child, "close").then(([code]) => code as number | null);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
        this.child.emit("output");
      });
    }
  }

  /** The first match in what it prints, once it is there. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = this.ended;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      const [event] = await Promise.race([
        once(this.child, "output").then(() => ["output"]),
        ended.then(() => ["close"]),
      ]);
      if (event === "close" && !pattern.test(this.output)) throw new Error(`it ended and had said:\n${this.output}`);
    }
  }

  exitCode(): Promise<number | null> {
    return this.ended;
  }
}

beforeAll(() => write(project, { "components/state.yaml": components, "build/orders.js": built(orders) }));

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running = [];
});

const json = { "content-type": "application/json" };

describe("dapr-functions run", () => {
  it("serves functions beside the embedded sidecar until it is told to stop", async () => {
    const command = new Command("run", "build/orders.js", "--components", "components", "--dapr-http-port", "0");
    const [, url] = await command.says(/its sidecar at (\S+)/);
    expect(command.output).toMatch(/^This is the embedded sidecar .* development and tests/);
    // Without the type curl sends a form, which is not a payload of a class.
    await command.says(
      /^try: curl -X POST \S+\/consumer\/method\/<function> -H 'content-type: application\/json' -d '{}'$/m,
    );
    const saved = await fetch(`${url}/v1.0/invoke/consumer/method/save`, {
      method: "POST",
      headers: json,
      body: '{"id":"41"}',
    });
    expect(saved.status).toBe(200);
    expect(await (await fetch(`${url}/v1.0/state/statestore/41`)).json()).toEqual({ id: "41" });
    command.child.kill("SIGTERM");
    expect(await command.exitCode()).toBe(0);
  });

  it.each([
    ["", "process.pid"],
    ["--watch", "process.ppid"],
  ])(
    "starts nothing more, and ends, when it is told to stop while it starts the first of two apps: %s",
    async (flag, pid) => {
      const text = `export class First {
  constructor() { process.kill(${pid}, "SIGTERM"); }
  @DaprServiceInvocationTrigger()
  first(): void {}
}
`;
      write(project, { "build/first.js": built(text), "build/second.js": built(orders) });
      const apps = ["--app", "first=build/first.js", "--app", "second=build/second.js"];
      const command = new Command("run", ...apps, ...(flag === "" ? [] : [flag]));
      expect(await command.exitCode()).toBe(0);
      expect(command.output).not.toMatch(/^second at /m);
    },
  );

  it.each(["SIGINT", "SIGTERM"] as const)("ends what is in flight before it ends on %s", async (signal) => {
    const slow = `
import { existsSync } from "node:fs";
export class Slow {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "slow" })
  async slow(_: unknown, { order }: { order: Collector<unknown> }): Promise<unknown> {
    console.log("in flight");
    while (!existsSync("go-on")) await new Promise((resolve) => setImmediate(resolve));
    order.add({ n: 1 });
    return { done: true };
  }
}`;
    write(project, { "build/slow.js": built(slow) });
    rmSync(join(project, "go-on"), { force: true });
    const command = new Command("run", "build/slow.js", "--dapr-http-port", "0");
    const [, url] = await command.says(/its sidecar at (\S+)/);
    const reply = fetch(`${url}/v1.0/invoke/consumer/method/slow`, { method: "POST", headers: json, body: "{}" });
    await command.says(/in flight/);
    command.child.kill(signal);
    write(project, { "go-on": "" });
    const { status } = await reply;
    expect({ status, body: await (await reply).json() }).toEqual({ status: 200, body: { done: true } });
    expect(await command.exitCode()).toBe(0);
    expect(command.output).toMatch(/consumer\/slow POST \/slow [\d.]+ ms → state statestore ×1 → \{"done":true\}/);
  });

  it("says what is wrong with functions and ends with 1", async () => {
    write(project, { "build/broken.js": built(`export class Broken { @FunctionName("x") method() {} }`) });
    const command = new Command("run", "build/broken.js", "--dapr-http-port", "0");
    expect(await command.exitCode()).toBe(1);
    expect(command.output).toContain("trigger-missing: Broken.method");
  });

  it("names daprd for a component that the embedded sidecar does not have", async () => {
    write(project, { "kafka/kafka.yaml": components.replace("state.in-memory", "bindings.kafka") });
    const command = new Command("run", "build/orders.js", "--components", "kafka", "--dapr-http-port", "0");
    expect(await command.exitCode()).toBe(1);
    expect(command.output).toMatch(/bindings\.kafka.*daprd/s);
  });

  it("names the option for a port that is taken, and ends with 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    for (const [command, option] of [
      [new Command("run", "build/orders.js", "--dapr-http-port", "0", "--app-port", `${port}`), "--app-port"],
      [new Command("run", "build/orders.js", "--dapr-http-port", `${port}`), "--dapr-http-port"],
      [new Command("run", "--app", "one=build/orders.js", "--dapr-http-port", `${port}`), "--dapr-http-port"],
      [new Command("sidecar", "--dapr-http-port", `${port}`), "--dapr-http-port"],
    ] as const) {
      expect(await command.exitCode()).toBe(2);
      expect(command.output).toContain(
        `port ${port} is taken by another process; stop that, or give another with ${option} `,
      );
    }
    taken.close();
  });

  it.each([
    [["--record", "recordings"], "--record is for modules: let each application record itself"],
    [["--app-port", "3001"], "--app-port is for modules: let the file name appPort"],
    [["--watch"], "--watch is for modules: let each command of the file watch itself"],
  ])("refuses %j beside a multi-app file, which says it itself", async (options, message) => {
    const command = new Command("run", "dapr.yaml", ...options);
    expect(await command.exitCode()).toBe(2);
    expect(command.output).toContain(message);
  });

  const two = ["--app", "one=build/orders.js", "--app", "two=build/orders.js"];
  it.each([
    [[...two, "--app-port", "3001"], "--app-port is for one app: of several each has any free port"],
    [[...two, "--dapr-http-port", "3001"], "--dapr-http-port is for one app: of several each has any free port"],
    [[...two, "--app-id", "shop"], "--app-id is for modules without an id of their own"],
    [["--app", "one=build/orders.js", ...two], 'two apps have the id "one"; give each its own'],
    [["build/orders.js", "--app-id", "one", ...two], 'two apps have the id "one"; give each its own'],
  ])("refuses what it would pass over: run %j", async (args, message) => {
    const command = new Command("run", ...args);
    expect(await command.exitCode()).toBe(2);
    expect(command.output).toContain(message);
  });

  it("ends with 2 for a port that is none", async () => {
    const command = new Command("run", "build/orders.js", "--app-port", "70000");
    expect(await command.exitCode()).toBe(2);
    expect(command.output).toContain("a port is a number from 0 to 65535");
  });
});

describe("dapr-functions sidecar", () => {
  it("is found by an app that starts by itself, and ends when told to", async () => {
    const command = new Command("sidecar", "--dapr-http-port", "0", "--app-id", "alone");
    const [, url] = await command.says(/sidecar of alone at (\S+)/);
    const saved = await fetch(`${url}/v1.0/state/statestore`, { method: "POST", body: '[{"key":"a","value":1}]' });
    expect(saved.status).toBe(204);
    expect(command.output).toContain(`see: ${url}/inspect/`);
    command.child.kill("SIGINT");
    expect(await command.exitCode()).toBe(0);
  });
});

const many = `
import { DaprBindingTrigger, DaprInvoke, DaprPublish, DaprSecret, Input, Retry, Trigger } from "dapr-functions";
export class Many {
  @DaprTopicTrigger({ pubSubName: "%Bus%", topic: "orders", payload: Number, metadata: { rawPayload: "true" } })
  @DaprStateInput({ name: "old", stateStore: "%Store%", key: "{data.id}" })
  @DaprSecret({ name: "token", secretStoreName: "vault", key: "t" })
  @DaprPublish({ name: "events", pubSubName: "bus", topic: "t-{data.id}" })
  @DaprInvoke({ name: "call", appId: "billing", methodName: "charge" })
  @DaprBindingOutput({ name: "mail", bindingName: "smtp", operation: "create" })
  take(event: CloudEvent<number>, bindings: never): void {}
  @DaprBindingTrigger({ bindingName: "cron" })
  tick(): void {}
  @Retry({ strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" })
  @Trigger({ type: "queueTrigger", queueName: "q" })
  @Input({ type: "blob", name: "file", path: "p", dataType: "binary" })
  generic(payload: unknown, bindings: never): void {}
}
`;

describe("dapr-functions list", () => {
  it("shows names, triggers, routes, checks and where the bindings lead", async () => {
    write(project, { "build/many.js": built(many) });
    const command = new Command("list", "build/orders.js", "build/many.js");
    expect(await command.exitCode()).toBe(0);
    expect(command.output.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["function", "trigger", "found at", "payload", "inputs", "outputs"],
      [
        "take",
        "daprTopicTrigger %Bus% orders",
        "POST /orders",
        "checked as Number",
        "old: daprState %Store% {data.id}, token: daprSecret vault t",
        "events: daprPublish bus t-{data.id}, call: daprInvoke billing charge, mail: daprBinding smtp create",
      ],
      ["tick", "daprBindingTrigger cron", "POST /cron", "unchecked"],
      ["generic", "queueTrigger", "the Functions host", "unchecked", "file: blob"],
      ["save", "daprServiceInvocationTrigger", "POST /save", "unchecked", "order: daprState %Store% {id}"],
      ["read-order", "daprServiceInvocationTrigger", "POST /read-order", "unchecked"],
      [""],
    ]);
  });

  it("gives the whole definitions as JSON", async () => {
    write(project, { "build/many.js": built(many) });
    const command = new Command("list", "build/many.js", "--json");
    expect(await command.exitCode()).toBe(0);
    const { functions, problems } = JSON.parse(command.output) as { functions: unknown[]; problems: unknown[] };
    expect(problems).toEqual([]);
    expect(functions[0]).toEqual({
      name: "take",
      class: "Many",
      method: "take",
      file: "build/many.js",
      route: "POST /orders",
      payload: "Number",
      trigger: {
        type: "daprTopicTrigger",
        direction: "in",
        name: "payload",
        pubSubName: "%Bus%",
        topic: "orders",
        metadata: { rawPayload: "true" },
        payload: "Number",
      },
      inputs: [
        { type: "daprState", direction: "in", name: "old", stateStore: "%Store%", key: "{data.id}" },
        { type: "daprSecret", direction: "in", name: "token", secretStoreName: "vault", key: "t" },
      ],
      entries: [],
      clients: [],
      outputs: [
        { type: "daprPublish", direction: "out", name: "events", pubSubName: "bus", topic: "t-{data.id}" },
        { type: "daprInvoke", direction: "out", name: "call", appId: "billing", methodName: "charge" },
        { type: "daprBinding", direction: "out", name: "mail", bindingName: "smtp", operation: "create" },
      ],
    });
    expect(functions[2]).toEqual({
      name: "generic",
      class: "Many",
      method: "generic",
      file: "build/many.js",
      trigger: { type: "queueTrigger", direction: "in", name: "payload", queueName: "q" },
      inputs: [{ type: "blob", direction: "in", name: "file", dataType: "binary", path: "p" }],
      entries: [],
      clients: [],
      outputs: [],
      retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" },
    });
  });
});
