import type { ProjectOptions } from "./options.js";

/** The sources of a new project: its functions, what starts them, and a test. */
export function functionFiles(options: ProjectOptions): Readonly<Record<string, string>> {
  return {
    ...(options.decorators === "standard"
      ? { "src/functions.ts": standardFunctions }
      : { "src/functions.ts": legacyFunctions, "src/order.ts": orderClass }),
    "src/functions.test.ts": test(options),
    ...(options.target === "serve" && { "src/main.ts": main }),
    ...(options.target === "azure-v4" && { "src/azure.ts": azure }),
  };
}

/** Of the project, not of this library. */
const functionsModule = "./functions.js";
const orderModule = "./order.js";

const imports = `import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  type CloudEvent,
  type Collector,
  type InvocationContext,
} from "dapr-functions";
`;

/** @param payload what an option that checks says: `payload: Order` */
function functionsClass(payload: (type: string) => string): string {
  const only = (type: string) => (payload(type) === "" ? "" : `{ ${payload(type)} }`);
  const also = (type: string) => (payload(type) === "" ? "" : `, ${payload(type)}`);
  return `export class Orders {
  /** Saves the order, tells everyone who wants to know, and answers with it. */
  @DaprServiceInvocationTrigger(${only("Order")})
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "created", pubSubName: "messagebus", topic: "orders" })
  createNewOrder(
    payload: Order,
    { order, created }: { order: Collector<Order>; created: Collector<Order> },
  ): Order {
    order.add(payload);
    created.add(payload);
    return payload;
  }

  @DaprServiceInvocationTrigger(${only("OrderId")})
  @DaprStateInput({ name: "order", stateStore: "statestore", key: "{id}" })
  retrieveOrder(_payload: OrderId, { order }: { order: Order | undefined }): Order | undefined {
    return order;
  }

  @DaprTopicTrigger({ pubSubName: "messagebus", topic: "orders"${also("Order")} })
  printTopicMessage(event: CloudEvent<Order>, _bindings: object, context: InvocationContext): void {
    context.log(\`order \${event.data.id} was created\`);
  }
}
`;
}

const standardFunctions = `${imports}import { z } from "zod";

const Order = z.object({ id: z.string().min(1), total: z.number().positive() });
type Order = z.infer<typeof Order>;

const OrderId = z.object({ id: z.string().min(1) });
type OrderId = z.infer<typeof OrderId>;

${functionsClass((type) => `payload: ${type}`)}`;

const legacyFunctions = `${imports}import { Order, OrderId } from "${orderModule}";

${functionsClass((type) => `payload: ${type}`)}`;

const orderClass = `import { IsNotEmpty, IsPositive, IsString } from "class-validator";

export class OrderId {
  @IsString()
  @IsNotEmpty()
  id!: string;
}

export class Order extends OrderId {
  @IsPositive()
  total!: number;
}
`;

const main = `import { serve } from "dapr-functions";
import { Orders } from "${functionsModule}";

const app = serve([Orders]);
app.then(({ url }) => console.log(\`serving at \${url}\`)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
`;

const azure = `import { register } from "dapr-functions/azure";
import { Orders } from "${functionsModule}";

register([Orders]);
`;

function test({ tests }: ProjectOptions): string {
  const equal = (actual: string, expected: string) =>
    tests === "node" ? `assert.deepEqual(${actual}, ${expected});` : `expect(${actual}).toEqual(${expected});`;
  const head = {
    node: `import assert from "node:assert/strict";\nimport { test } from "node:test";\n`,
    vitest: `import { expect, test } from "vitest";\n`,
    jest: "",
  }[tests];
  const rejects = (run: string) =>
    tests === "node"
      ? `await assert.rejects(${run}, { code: "ERR_PAYLOAD_INVALID" });`
      : `await expect(${run}).rejects.toMatchObject({ code: "ERR_PAYLOAD_INVALID" });`;
  return `${head}import { cloudEvent, invoke } from "dapr-functions/testing";
import { Orders } from "${functionsModule}";

const order = { id: "41", total: 3 };

test("a new order is saved and published", async () => {
  const { reply, outputs } = await invoke(new Orders(), "createNewOrder", order);
  ${equal("{ ...reply }", "order")}
  ${equal("outputs.order.values.map((value) => ({ ...value }))", "[order]")}
  ${equal("outputs.created.values.map((value) => ({ ...value }))", "[order]")}
});

test("an order without a total is refused", async () => {
  ${rejects(`invoke(new Orders(), "createNewOrder", { id: "41" } as typeof order)`)}
});

test("an order is found by its id", async () => {
  const { reply } = await invoke(new Orders(), "retrieveOrder", { id: "41" }, { inputs: { order } });
  ${equal("{ ...reply }", "order")}
});

test("an event is handled", async () => {
  await invoke(new Orders(), "printTopicMessage", cloudEvent(order));
});
`;
}
