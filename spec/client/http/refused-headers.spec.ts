import { HttpDaprClient } from "../../../lib/client/http/http-dapr-client.js";
import { recordingSidecar } from "../../support/recording-sidecar.js";

describe("requests that cannot be sent", () => {
  // More than there are connections: each one used to take a connection with it.
  it.each<[string, (client: HttpDaprClient) => Promise<unknown>]>([
    ["a header", (client) => client.deleteState({ stateStore: "s", key: "k", etag: "a\nb" })],
    ["a method", (client) => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "G T" })],
    ["no method", (client) => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: undefined as never })],
    ["a tunnel", (client) => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "CONNECT" })],
    [
      "framing",
      (client) =>
        client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET", headers: { "keep-alive": "timeout=1" } }),
    ],
  ])("leave the client able to send others: %s", async (_, call) => {
    const sidecar = await recordingSidecar();
    const client = new HttpDaprClient({ url: sidecar.url, timeout: 5000 });
    for (let count = 0; count < 1100; count++) await expect(call(client)).rejects.toThrow(/invalid/);
    await client.getState({ stateStore: "s", key: "k" });
    expect(sidecar.lines).toEqual(["GET /v1.0/state/s/k"]);
    await client.close();
    await sidecar.close();
  });
});
