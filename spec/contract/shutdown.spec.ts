import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServing } from "../serve/served-process.js";
import { atEnd, post, send } from "../serve/support.js";
import { freePort, startDaprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { component } from "./harness.js";

jest.setTimeout(60_000);

if (canRun("the contract suite", "daprd")) {
  const ports = async () => ({ http: await freePort(), grpc: await freePort(), internal: await freePort() });
  const resources = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "shutdown-"));
    writeFileSync(join(folder, "s.yaml"), component("s", "state.in-memory", {}));
    return folder;
  };
  const flags = [
    "--enable-app-health-check",
    "--app-health-check-path=/healthz",
    "--app-health-probe-interval=1",
    "--app-health-threshold=1",
    "--dapr-graceful-shutdown-seconds=1",
  ];

  describe("an app and its daprd that are told to stop at the same moment [daprd]", () => {
    it("save what is in flight where daprd waits for the app, and end one after the other", async () => {
      const [sidecar, appPort] = [await ports(), await freePort()];
      const app = await startServing({
        options: { port: appPort, daprUrl: `http://127.0.0.1:${sidecar.http}`, shutdownTimeout: 20_000 },
      });
      const daprd = await startDaprd({
        appId: "shop",
        appPort,
        resources: [resources()],
        ports: sidecar,
        flags: [...flags, "--dapr-block-shutdown-duration=30s"],
      });
      atEnd(() => daprd.kill());
      await daprd.ready;
      const answer = post(app, "/slow", 1);
      await app.said("running slow");
      process.kill(daprd.pid, "SIGTERM");
      app.child.kill("SIGTERM");
      // Longer than daprd takes to see that an app is ill.
      for (let probe = 0; probe < 5; probe++) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect((await send(app, "GET", "/healthz")).status).toBe(204);
      }
      // Keeps the app alive a while, so that daprd still answers what was saved.
      const other = post(app, "/obedient", 1);
      await app.said("running obedient");
      app.goOn();
      expect((await answer).body).toBe('"done"');
      expect((await send({ port: sidecar.http }, "GET", "/v1.0/state/s/k")).body).toBe("1");
      other.catch(() => undefined);
    });
  });
}
