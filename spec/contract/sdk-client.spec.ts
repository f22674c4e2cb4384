import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";
import { DaprTopicTrigger, serve, type CloudEvent } from "dapr-functions";
import { SdkDaprClient } from "../../lib/client/sdk/sdk-dapr-client.js";
import { canRun } from "../support/not-run.js";
import { clientCases, type ClientLimits, type OpenClient } from "./client-cases.js";
import { component, startOnDaprd } from "./harness.js";
import { freePort, startDaprd } from "../support/daprd.js";

const limits = new Map<CommunicationProtocolEnum, ClientLimits>([
  [CommunicationProtocolEnum.HTTP, { unsendable: [".", ".."] }],
  [CommunicationProtocolEnum.GRPC, { narrow: true }],
]);

const silence = (): void => undefined;
const silent = { error: silence, warn: silence, info: silence, verbose: silence, debug: silence };

class Hearing {
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  hear(_event: CloudEvent): void {}
}

if (canRun("SdkDaprClient on daprd", "daprd")) {
  for (const [communicationProtocol, itsLimits] of limits) {
    const open = async ({ url, grpcPort }: Pick<Parameters<OpenClient>[0], "url" | "grpcPort">) => {
      const port = communicationProtocol === CommunicationProtocolEnum.GRPC ? String(grpcPort) : new URL(url).port;
      const logger = { service: silent };
      const dapr = new DaprClient({ daprHost: "127.0.0.1", daprPort: port, communicationProtocol, logger });
      await dapr.start();
      return { client: new SdkDaprClient(dapr), close: () => dapr.stop() };
    };
    describe(`SdkDaprClient over ${CommunicationProtocolEnum[communicationProtocol]} [sdk client]`, () => {
      clientCases(startOnDaprd, open, itsLimits);

      it("lets an app be ready whose topics daprd subscribes to, and says nothing of what it cannot see", async () => {
        const resources = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "sdk-"));
        writeFileSync(join(resources, "bus.yaml"), component("bus", "pubsub.in-memory"));
        const port = await freePort();
        const daprd = await startDaprd({ appId: "hearing", appPort: port, resources: [resources] });
        const { client, close } = await open({ url: daprd.url, grpcPort: daprd.ports.grpc });
        const warnings: string[] = [];
        const log = { ...silent, warn: (...args: unknown[]) => void warnings.push(args.join(" ")) };
        const app = await serve([Hearing], { port, client, log });
        await daprd.ready;
        // A busy machine may need more than the second that daprd has to answer.
        while ((await fetch(`${app.url}/readyz`)).status !== 204) await delay(100);
        await app.close();
        await close();
        await daprd.close();
        expect(warnings.filter((text) => text.includes("the sidecar has no app"))).toEqual([]);
      });
    });
  }
}
