import { HttpDaprClient } from "../../../lib/client/http/http-dapr-client.js";
import { recordingSidecar, type RecordingSidecar } from "../../support/recording-sidecar.js";

/** Gives each test a client and the sidecar that it speaks to, and closes both after it. */
export function eachClient(given: (client: HttpDaprClient, sidecar: RecordingSidecar) => void): void {
  let sidecar: RecordingSidecar;
  let client: HttpDaprClient;

  beforeEach(async () => {
    sidecar = await recordingSidecar();
    client = new HttpDaprClient({ url: sidecar.url, apiToken: "" });
    given(client, sidecar);
  });

  afterEach(async () => {
    await client.close();
    await sidecar.close();
  });
}
