import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { VersionMessage } from "../../lib/cli/running/watched-app.js";
import { recordingSidecar } from "../support/recording-sidecar.js";
import { built, makeProject, write } from "./app.js";

/** Blocks this process, as a busy machine does. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe("the process of a version", () => {
  let child: ChildProcess;
  afterEach(() => child.kill("SIGKILL"));

  it("asks what the sidecar has once that has turned to it: before, it says what it had for the version before", async () => {
    const project = makeProject();
    const slow = `export class Orders {
      @DaprServiceInvocationTrigger()
      async slow(): Promise<void> { await new Promise((resolve) => setTimeout(resolve, 1000)); }
    }`;
    write(project, { "orders.js": built(slow) });
    const sidecar = await recordingSidecar();
    const asked = new Promise<void>((resolve) => {
      sidecar.answer = ({ path }) => {
        if (path !== "/v1.0/metadata") return undefined;
        resolve();
        return { body: "{}" };
      };
    });
    const running = join(project, "node_modules", "dapr-functions", "dist", "cli", "running", "watched-app.js");
    child = fork(running, [], { cwd: project, silent: true });
    const closed = once(child, "close");
    const order = { appId: "orders", modules: ["orders.js"], daprUrl: sidecar.url };
    child.send({ ...order, record: undefined, isPrinted: false, isInspected: false });
    const [ready] = (await once(child, "message")) as [Extract<VersionMessage, { type: "ready" }>];
    await fetch(`http://127.0.0.1:${ready.port}/slow`, { method: "POST" });
    expect(sidecar.lines).toEqual([]);
    child.send({ type: "turned" });
    await asked;
    child.kill("SIGTERM");
    await closed;
    await sidecar.close();
  });

  it("says why it does not load before it ends, though nobody reads what it says for a while", async () => {
    const project = makeProject();
    write(project, { "broken.js": "throw new Error('no such tea');" });
    const running = join(project, "node_modules", "dapr-functions", "dist", "cli", "running", "watched-app.js");
    child = fork(running, [], { cwd: project, env: { ...process.env, WATCH_REPORT_DEPENDENCIES: "1" }, silent: true });
    const said: VersionMessage[] = [];
    child.on("message", (message: VersionMessage | object) => "type" in message && said.push(message));
    const order = { appId: "orders", modules: ["broken.js"], daprUrl: "http://127.0.0.1:9" };
    child.send({ ...order, record: undefined, isPrinted: false, isInspected: true });
    const closed = once(child, "close");
    await once(child, "message");
    block(3000);
    expect(await closed).toEqual([1, null]);
    expect(said).toEqual([{ type: "failed", text: expect.stringContaining("no such tea") as string }]);
  });
});
