import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(__dirname, "../..");

/** What the example prints about Dapr comes from what the sidecar received, so these are requests, to the byte. */
const expected = `CreateNewOrder
  triggered  POST /v1.0/invoke/orders/method/CreateNewOrder {"id":"41","total":3}
  to Dapr    POST /v1.0/state/statestore [{"key":"41","value":{"id":"41","total":3}}]
  reply      200 {"id":"41","total":3}
RetrieveOrder
  triggered  POST /v1.0/invoke/orders/method/RetrieveOrder {"id":"41"}
  to Dapr    GET /v1.0/state/statestore/41
  reply      200 {"id":"41","total":3}
StateOutputBinding
  triggered  POST /v1.0/invoke/orders/method/api/state/greeting {"hello":"world"}
  to Dapr    POST /v1.0/state/statestore [{"key":"greeting","value":{"hello":"world"}}]
  reply      201
StateInputBinding
  triggered  GET /v1.0/invoke/orders/method/api/state/greeting
  to Dapr    GET /v1.0/state/statestore/greeting
  reply      200 {"hello":"world"}
SendMessageToKafka
  triggered  POST /v1.0/invoke/orders/method/SendMessageToKafka {"id":"41","total":3}
  to Dapr    POST /v1.0/bindings/kafka-out {"data":{"id":"41","total":3},"operation":"create"}
  reply      200
InvokeOutputBinding
  triggered  POST /v1.0/invoke/orders/method/api/invoke/orders/RetrieveOrder {"id":"41"}
  to Dapr    POST /v1.0/invoke/orders/method/RetrieveOrder {"id":"41"}
  to Dapr    GET /v1.0/state/statestore/41
  reply      202
PublishOutputBinding
  triggered  POST /v1.0/invoke/orders/method/api/topic/C {"note":"to topic C"}
  to Dapr    POST /v1.0/publish/messagebus/C {"note":"to topic C"}
  reply      202
TransferEventBetweenTopics and PrintTopicMessage
  triggered  POST /v1.0/publish/messagebus/A?metadata.cloudevent.id=event-1 {"id":"41","total":3}
  to Dapr    POST /v1.0/publish/messagebus/B?metadata.cloudevent.id=c0355c910ddc33a193d5a9e04e5cb5cc {"id":"41","total":3}
  logged     topic B: {"id":"41","total":3}
  reply      204
RetrieveSecret
  triggered  POST /v1.0/invoke/orders/method/RetrieveSecret
  to Dapr    GET /v1.0/secrets/localsecretstore/api-key
  reply      200 ["api-key"]
ConsumeMessageFromKafka
  logged     message from ConsumeMessageFromKafka: null
`;

describe("npm start", () => {
  it("sends each function a request through the sidecar, shows what reached Dapr, and ends with 0", async () => {
    const env = { ...process.env, DAPR_HTTP_PORT: "" };
    const { stdout } = await promisify(execFile)("npm", ["start"], { cwd: root, env });
    const [notice] = stdout.split("\n").filter((line) => line.includes("embedded sidecar"));
    expect(notice).toContain("development and tests");
    expect(stdout.slice(stdout.indexOf("CreateNewOrder"))).toBe(expected);
  });
});
