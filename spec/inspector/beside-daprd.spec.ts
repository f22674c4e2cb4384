import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { built, makeProject, write } from "../cli/app.js";
import { component } from "../contract/harness.js";
import { freePort, killAtExit, startDaprd, type Daprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";

const functions = `
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "cart", key: "{id}" })
  save(payload: { id: string }, { order }: { order: Collector<unknown> }): unknown {
    order.add(payload);
    return { saved: payload.id };
  }
  @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
  heard(_event: CloudEvent): void {}
}
`;

if (canRun("the inspector beside daprd", "daprd")) {
  describe("run --dapr-url", () => {
    let daprd: Daprd;
    let command: ChildProcess;
    afterEach(async () => {
      command.kill("SIGTERM");
      if (command.exitCode === null && command.signalCode === null) await once(command, "close");
      await daprd.close();
    });

    it("serves beside a daprd, and its page watches", async () => {
      const port = await freePort();
      const resources = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "resources-"));
      mkdirSync(resources, { recursive: true });
      writeFileSync(join(resources, "bus.yaml"), component("bus", "pubsub.in-memory"));
      writeFileSync(join(resources, "cart.yaml"), component("cart", "state.in-memory"));
      daprd = await startDaprd({ appId: "beside", appPort: port, resources: [resources] });

      const project = makeProject();
      write(project, { "build/orders.js": built(functions) });
      const cli = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
      const args = [
        cli,
        "run",
        "build/orders.js",
        "--dapr-url",
        daprd.url,
        "--app-port",
        String(port),
        "--app-id",
        "beside",
      ];
      command = spawn(process.execPath, args, { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
      killAtExit(command);
      let page = "";
      for await (const line of createInterface(command.stdout!)) {
        page = /^see: (\S+)$/.exec(line)?.[1] ?? "";
        if (page !== "") break;
      }
      command.stdout!.resume();
      await daprd.ready;

      const headers = { "content-type": "application/json" };
      const reply = await fetch(`${daprd.url}/v1.0/invoke/beside/method/save`, {
        method: "POST",
        headers,
        body: '{"id":"1"}',
      });
      expect(await reply.json()).toEqual({ saved: "1" });
      const call = async (request: object): Promise<unknown> => {
        const answer = await fetch(`${page}api/call`, {
          method: "POST",
          body: JSON.stringify({ appId: "beside", ...request }),
        });
        return answer.json();
      };
      expect(await call({ method: "GET", path: "/v1.0/state/cart/1" })).toEqual({ status: 200, body: '{"id":"1"}' });
      expect(await call({ method: "POST", path: "/v1.0/publish/bus/t", headers, body: "{}" })).toMatchObject({
        status: 204,
      });

      expect(await (await fetch(`${page}api/overview`)).json()).toMatchObject({
        apps: [
          {
            appId: "beside",
            url: daprd.url,
            listsKeys: false,
            stores: ["cart"],
            pubsubs: ["bus"],
            subscriptions: [{ pubsubName: "bus", topic: "t", rules: [{ match: "", path: "/t" }] }],
          },
        ],
      });
      const stream = await fetch(`${page}api/stream`);
      let text = "";
      const wanted = /"functionName":"save"[^]*"what":"state cart"[^]*"functionName":"heard"/;
      for await (const chunk of stream.body!) {
        text += Buffer.from(chunk as Uint8Array).toString("utf8");
        if (wanted.test(text)) break;
      }
      expect(text).toMatch(wanted);
      expect((await fetch(`${page}api/overview`, { headers: { origin: "https://evil.example" } })).status).toBe(403);
    }, 120_000);
  });
}
