import { CommunicationProtocolEnum, DaprServer, HttpMethod } from "@dapr/dapr";
import { bySdk } from "./by-sdk.js";
import { seen, type Contestant, type Order } from "./contestant.js";

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
    await listen("save-order", (payload) => sidecar.save([payload as Order]));
    await listen("read-order", (payload) => sidecar.read(payload as Order));
    await listen("invoke-other", (payload) => sidecar.invoke(payload as Order));
    await listen("call-binding", (payload) => sidecar.call(payload as Order));
    await server.pubsub.subscribeWithOptions("bus", "relay", {
      route: "/relay",
      callback: async (data: Order) => {
        await sidecar.publishCopy(data);
        seen.events++;
      },
    });
    await listen("save-items", (payload) => sidecar.save(payload as Order[]));
    await listen("publish-items", async (payload) => {
      for (const item of payload as Order[]) await sidecar.publish(item);
    });
    await listen("call-binding-items", async (payload) => {
      for (const item of payload as Order[]) await sidecar.call(item);
    });
    await server.start();
  },
};
