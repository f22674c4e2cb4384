/** One request to send through the sidecar, and what there is to see of it. */
export interface Demonstration {
  /** The function that answers. */
  readonly name: string;
  readonly method: "GET" | "POST";
  /** Path of Dapr's API. */
  readonly path: string;
  readonly body?: unknown;
  /** Start of the path of the request that the function makes to Dapr in answer, where nobody waits for it. */
  readonly leadsTo?: string;
  /** Start of what a function logs in the end, where only that tells that it ran. */
  readonly logs?: string;
}

const invoke = "/v1.0/invoke/orders/method";
const order = { id: "41", total: 3 };

/** A request for each function of the example, in an order in which each finds what it needs. */
export const demonstrations: readonly Demonstration[] = [
  { name: "CreateNewOrder", method: "POST", path: `${invoke}/CreateNewOrder`, body: order },
  { name: "RetrieveOrder", method: "POST", path: `${invoke}/RetrieveOrder`, body: { id: "41" } },
  { name: "StateOutputBinding", method: "POST", path: `${invoke}/api/state/greeting`, body: { hello: "world" } },
  { name: "StateInputBinding", method: "GET", path: `${invoke}/api/state/greeting` },
  { name: "SendMessageToKafka", method: "POST", path: `${invoke}/SendMessageToKafka`, body: order },
  {
    name: "InvokeOutputBinding",
    method: "POST",
    path: `${invoke}/api/invoke/orders/RetrieveOrder`,
    body: { id: "41" },
  },
  { name: "PublishOutputBinding", method: "POST", path: `${invoke}/api/topic/C`, body: { note: "to topic C" } },
  {
    name: "TransferEventBetweenTopics and PrintTopicMessage",
    method: "POST",
    path: "/v1.0/publish/messagebus/A?metadata.cloudevent.id=event-1",
    body: order,
    leadsTo: "/v1.0/publish/messagebus/B",
    logs: "topic B",
  },
  { name: "RetrieveSecret", method: "POST", path: `${invoke}/RetrieveSecret` },
];

/** The same as command lines, for a sidecar at an address. */
export function curlLines(sidecarUrl: string): string[] {
  return demonstrations.map(({ method, path, body }) => {
    const data = body === undefined ? "" : ` -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
    return `curl -X ${method} '${sidecarUrl}${path}'${data}`;
  });
}
