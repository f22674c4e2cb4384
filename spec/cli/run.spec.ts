import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
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

  constructor(...args: string[]) {
    const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const env = { ...process.env, Store: "statestore" };
    this.child = spawn(process.execPath, [main, ...args], { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
    running.push(this.child);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
        this.child.emit("output");
      });
    }
  }

  /** The first match in what it prints, once it is there. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = once(this.child, "close");
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

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const [code] = (await once(this.child, "close")) as [number | null];
    return code;
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
    // Without the type curl sends a form, which is no payload of a class.
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
    command.child.kill("SIGINT");
    expect(await command.exitCode()).toBe(0);
  });
});

describe("dapr-functions list", () => {
  it("shows names, triggers, routes, checks and bindings", async () => {
    const command = new Command("list", "build/orders.js");
    expect(await command.exitCode()).toBe(0);
    expect(command.output.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["function", "trigger", "found at", "payload", "inputs", "outputs"],
      ["save", "daprServiceInvocationTrigger", "POST /save", "unchecked", "order: daprState"],
      ["read-order", "daprServiceInvocationTrigger", "POST /read-order", "unchecked"],
      [""],
    ]);
  });
});
