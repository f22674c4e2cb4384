/** The order that most scenarios send: about 200 bytes, the size of a common message. */
export const order = {
  id: "order-41",
  customer: { name: "Ada Byron", email: "ada@example.org" },
  items: [
    { sku: "A-7", quantity: 3, price: 12.5 },
    { sku: "B-2", quantity: 1, price: 80 },
  ],
  note: "leave at the door",
};

/** The same order with a note that makes its JSON about so many bytes long. */
export function orderOf(bytes: number): string {
  const base = JSON.stringify(order).length;
  return JSON.stringify({ ...order, note: "x".repeat(Math.max(1, bytes - base + order.note.length)) });
}

/** Numbered items for one invocation that sends many. */
export function itemsOf(count: number): string {
  return JSON.stringify(Array.from({ length: count }, (_, index) => ({ id: `item-${index}`, quantity: index })));
}

/** The order as daprd delivers it from a topic. */
export const orderEvent = JSON.stringify({
  data: order,
  datacontenttype: "application/json",
  id: "5b2ff8cc-6f7e-4d6c-9f4e-0f6ee2b0a1c3",
  pubsubname: "bus",
  source: "shop",
  specversion: "1.0",
  time: "2031-01-01T00:00:00Z",
  topic: "relay",
  traceid: "",
  traceparent: "",
  tracestate: "",
  type: "com.dapr.event.sent",
});
