import { HttpTrigger, readFunctions, type HttpRequest } from "../../lib/index.js";

class Order {}

describe("@HttpTrigger", () => {
  it("keeps every option as it was given", () => {
    const options = {
      name: "request",
      dataType: "string",
      authLevel: "anonymous",
      methods: ["POST", "put"],
      route: "orders/{id:int?}",
      payload: Order,
    } as const;
    class Orders {
      @HttpTrigger(options) save(_request: HttpRequest<Order>): void {}
    }
    const [definition] = readFunctions([Orders]);
    expect(definition!.trigger).toEqual({ type: "httpTrigger", direction: "in", ...options });
    expect(definition!.payloadType).toBe(Order);
  });
});
