import { CommunicationProtocolEnum, DaprServer, HttpMethod } from "@dapr/dapr";
import { bySdk } from "./by-sdk.js";
import type { Contestant, Order } from "./contestant.js";
import { jobsOf } from "./jobs.js";

/** DaprServer in front and its DaprClient behind, over HTTP; over gRPC, both ways, if the argument says `grpc`. */
export const contestant: Contestant = {
  async start(sidecarPort, port, argument) {
    const communicationProtocol = argument === "grpc" ? CommunicationProtocolEnum.GRPC : CommunicationProtocolEnum.HTTP;
    const server = new DaprServer({
      serverHost: "127.0.0.1",
      serverPort: String(port),
      communicationProtocol,
      clientOptions: {
        daprHost: "127.0.0.1",
        daprPort: String(sidecarPort),
        communicationProtocol,
        maxBodySizeMb: 30,
      },
    });
    const sidecar = bySdk(server.client);

    async function listen(path: string, work: (payload: unknown) => Promise<unknown>): Promise<void> {
      await server.invoker.listen(path, async ({ body }) => work(JSON.parse(body!)), { method: HttpMethod.POST });
    }

    await listen("echo", async (payload) => payload);
    await listen("read-order", (payload) => sidecar.read(payload as Order));
    const { "/relay": relay, ...jobs } = jobsOf(sidecar);
    for (const [path, job] of Object.entries(jobs)) await listen(path.slice(1), job);
    await server.pubsub.subscribeWithOptions("bus", "relay", {
      route: "/relay",
      callback: async (data: Order) => await relay!({ data }),
    });
    await server.start();
  },
};
