import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { clientCases, type OpenClient } from "./client-cases.js";
import { contract } from "./harness.js";

const openClient: OpenClient = async ({ url }) => {
  const client = new HttpDaprClient({ url });
  return { client, close: () => client.close() };
};

contract("HttpDaprClient", (start) => clientCases(start, openClient));
