import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { slowClock, startServing } from "../serve/served-process.js";
import { atEnd, post, send } from "../serve/support.js";
import { freePort, startDaprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { component } from "./harness.js";

jest.setTimeout(120_000);

if (canRun("the contract suite", "daprd")) {
  const ports = async () => ({ http: await freePort(), grpc: await freePort(), internal: await freePort() });
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), "shutdown-"));
    writeFileSync(join(made, "s.yaml"), component("s", "state.in-memory", {}));
    writeFileSync(join(made, "bus.yaml"), component("bus", "pubsub.in-memory", {}));
    return made;
  };
  const flags = [
    "--enable-app-health-check",
    "--app-health-check-path=/healthz",
    "--app-health-probe-interval=1",
    // Probes that a busy machine answers late are not the end of an app: daprd counts them all, whatever came between.
    "--app-health-probe-timeout=950",
    "--app-health-threshold=3",
    "--dapr-graceful-shutdown-seconds=1",
  ];

  /** Does for an event what `slow` does, under a key of its own. */
  const takesEvents = `
    Work.prototype.event = async function (event, outputs, context) {
      await this.slow(event, outputs, context);
    };
    const event = Object.getOwnPropertyDescriptor(Work.prototype, "event");
    DaprStateOutput({ name: "out", stateStore: "s", key: "event-{data}" })(Work.prototype, "event", event);
    DaprTopicTrigger({ pubSubName: "bus", topic: "t" })(Work.prototype, "event", event);
  `;

  /** An app, and a daprd that has seen it healthy: before that it refuses calls. */
  async function both(shutdownTimeout: number, prelude = "") {
    const [sidecar, appPort] = [await ports(), await freePort()];
    const options = { port: appPort, daprUrl: `http://127.0.0.1:${sidecar.http}`, shutdownTimeout };
    const app = await startServing({ options, prelude: prelude + takesEvents });
    const block = "--dapr-block-shutdown-duration=30s";
    const resources = [folder()];
    const daprd = await startDaprd({ appId: "shop", appPort, resources, ports: sidecar, flags: [...flags, block] });
    atEnd(() => daprd.kill());
    const through = { port: sidecar.http };
    const call = (method: string) => post(through, `/v1.0/invoke/shop/method/${method}`, 1);
    const began = performance.now();
    // A call that is answered says nothing yet: daprd refuses calls between its start and the first probe that it made.
    while (!daprd.log.includes("App entered healthy status")) {
      if (performance.now() - began > 60_000)
        throw new Error(`the app was not healthy in 60 s:\n${daprd.log.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const stop = (): void => {
      process.kill(daprd.pid, "SIGTERM");
      app.child.kill("SIGTERM");
    };
    const publish = (data: number) => post(through, "/v1.0/publish/bus/t", data);
    const saved = async (key = "k") => (await send(through, "GET", `/v1.0/state/s/${key}`)).body;
    return { app, call, publish, stop, saved };
  }

  describe("an app and its daprd that are told to stop at the same moment [daprd]", () => {
    it.each(["direct", "through daprd"])(
      "save what is in flight where daprd waits for the app, and end one after the other: %s",
      async (way) => {
        const { app, call, stop, saved } = await both(20_000);
        const answer = way === "direct" ? post(app, "/slow", 1) : call("slow");
        await app.said("running slow");
        stop();
        // Longer than daprd takes to see that an app is ill.
        for (let probe = 0; probe < 8; probe++) {
          await new Promise((resolve) => setTimeout(resolve, 500));
          expect((await send(app, "GET", "/healthz")).status).toBe(204);
        }
        // Keeps the app alive a while, so that daprd still answers what was saved.
        const other = post(app, "/obedient", 1);
        other.catch(() => undefined);
        await app.said("running obedient");
        app.goOn();
        expect((await answer).body).toBe('"done"');
        expect(await saved()).toBe("1");
      },
    );

    it("save and answer what came while they stopped, though all that was in flight at first is done", async () => {
      // Eight seconds by that clock, after which those that are given up have four to send what they have.
      const { app, call, stop } = await both(400, slowClock);
      const first = call("slow");
      await app.said("running slow");
      stop();
      await app.said("slow is to stop");
      const later = call("obedient");
      await app.said("running obedient");
      app.goOn();
      expect((await first).body).toBe('"done"');
      // A daprd that saw the app ill would be gone when this one sends its state, after the app's eight seconds.
      expect(await later).toMatchObject({ status: 200, body: '"obeyed"' });
    });

    it("save what an event that is in flight adds", async () => {
      const { app, publish, stop, saved } = await both(20_000);
      const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
      const isRunning = (): boolean => app.lines.includes("running slow");
      // What is published before daprd has subscribed is gone; later ones wait behind the first that arrives.
      let published = 0;
      for (; !isRunning(); await soon()) publish(published++).catch(() => undefined);
      stop();
      await app.said("slow is to stop");
      // Keeps the app alive a while, so that daprd still answers what was saved.
      const other = post(app, "/obedient", 1);
      other.catch(() => undefined);
      await app.said("running obedient");
      app.goOn();
      const all = () => Promise.all(Array.from({ length: published }, (_, event) => saved(`event-${event}`)));
      while (!(await all()).includes("1")) await soon();
      expect(app.lines.filter((line) => line.includes("failed"))).toEqual([]);
    });
  });
}
