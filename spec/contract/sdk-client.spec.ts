import { CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";
import { SdkDaprClient } from "../../lib/client/sdk/sdk-dapr-client.js";
import { canRun } from "../support/not-run.js";
import { clientCases, type ClientLimits, type OpenClient } from "./client-cases.js";
import { startOnDaprd } from "./harness.js";

const limits = new Map<CommunicationProtocolEnum, ClientLimits>([
  [CommunicationProtocolEnum.HTTP, { unsendable: [".", ".."] }],
  [CommunicationProtocolEnum.GRPC, { narrow: true }],
]);

const silence = (): void => undefined;
const silent = { error: silence, warn: silence, info: silence, verbose: silence, debug: silence };

if (canRun("SdkDaprClient on daprd", "daprd")) {
  for (const [communicationProtocol, itsLimits] of limits) {
    const open: OpenClient = async ({ url, grpcPort }) => {
      const port = communicationProtocol === CommunicationProtocolEnum.GRPC ? String(grpcPort) : new URL(url).port;
      const logger = { service: silent };
      const dapr = new DaprClient({ daprHost: "127.0.0.1", daprPort: port, communicationProtocol, logger });
      await dapr.start();
      return { client: new SdkDaprClient(dapr), close: () => dapr.stop() };
    };
    describe(`SdkDaprClient over ${CommunicationProtocolEnum[communicationProtocol]} [sdk client]`, () => {
      clientCases(startOnDaprd, open, itsLimits);
    });
  }
}
