// Serves the orders functions beside a sidecar and sends each one a real request through it: the embedded sidecar, or
// with DAPR_HTTP_PORT set the daprd beside this process. With --serve it stays up and prints what to try.
import { serve } from "dapr-functions";
import { startSidecar } from "dapr-functions/sidecar";
import { demonstrate } from "./demonstrate.mjs";
import { FunctionLog } from "./function-log.mjs";
import { KafkaFunctions, OrderFunctions, ServiceFunctions, StateFunctions, TopicFunctions } from "./functions.js";
import { curlLines } from "./requests.mjs";

const staysUp = process.argv.includes("--serve");
const functionLog = new FunctionLog();

const sidecar = process.env.DAPR_HTTP_PORT
  ? undefined
  : await startSidecar({ appId: "orders", components: "examples/orders/components", port: staysUp ? 3500 : 0 });

const app = await serve(
  [new OrderFunctions(), new StateFunctions(), new KafkaFunctions(), new TopicFunctions(), new ServiceFunctions()],
  {
    daprUrl: sidecar?.url,
    port: sidecar ? 0 : undefined,
    log: staysUp ? console : functionLog,
    settings: {
      StateStoreName: "statestore",
      PubSubName: "messagebus",
      KafkaBindingName: "kafka-out",
      KafkaTriggerName: "kafka-in",
      SecretStoreName: "localsecretstore",
    },
  },
);
await sidecar?.connect(app);

const url = sidecar?.url ?? `http://127.0.0.1:${process.env.DAPR_HTTP_PORT}`;
console.log(`orders at ${app.url}, sidecar at ${url}`);
if (staysUp) {
  for (const line of curlLines(url)) console.log(line);
} else {
  await demonstrate(url, sidecar, functionLog);
  // The sidecar first: it ends its deliveries while the app still answers them.
  await sidecar?.close();
  await app.close();
}
