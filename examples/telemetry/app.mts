// One application: orders or billing, as its first argument says. Its last spans are sent before the process ends.
import { serve } from "dapr-functions";
import { BillingFunctions } from "./billing.js";
import { OrderFunctions } from "./orders.js";
import { provider } from "./tracing.mjs";

const app = await serve([process.argv[2] === "orders" ? OrderFunctions : BillingFunctions], {
  port: 0,
  exitOnSignal: false,
});
process.send?.({ port: app.port });
process.once("SIGTERM", () => {
  void app
    .close()
    .then(() => provider.shutdown())
    .finally(() => process.exit());
});
