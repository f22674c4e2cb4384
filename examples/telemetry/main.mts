// Runs both applications, each in a process of its own, beside the embedded sidecars; sends one order; prints its trace.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startMesh } from "dapr-functions/sidecar";
import { startCollector, treeOf } from "./collector.mjs";

const here = import.meta.dirname;
const collector = await startCollector();
const mesh = await startMesh({
  apps: [{ appId: "orders" }, { appId: "billing" }],
  components: "examples/telemetry/components",
});

const applications = [...mesh.sidecars].map(([appId, sidecar]) => {
  const child = fork(join(here, "app.mjs"), [appId], {
    execArgv: ["--import", join(here, "tracing.mjs")],
    env: {
      ...process.env,
      DAPR_HTTP_PORT: String(sidecar.port),
      OTEL_SERVICE_NAME: appId,
      COLLECTOR_URL: collector.url,
    },
  });
  child.once("exit", (code) => code !== 0 && process.exit(1));
  process.once("exit", () => child.kill());
  return { sidecar, child, listening: once(child, "message") as Promise<[{ readonly port: number }]> };
});
for (const { sidecar, listening } of applications) {
  const [app] = await listening;
  await sidecar.connect(app);
}

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const response = await fetch(`${mesh.sidecars.get("orders")!.url}/v1.0/invoke/orders/method/CreateNewOrder`, {
  method: "POST",
  headers: { "content-type": "application/json", traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  body: JSON.stringify({ id: "41", total: 3 }),
});
console.log(`answer: ${response.status} ${await response.text()}`);
await collector.received("sendInvoice");

// What the applications have not sent yet, they send when they end.
for (const { child } of applications) {
  child.kill("SIGTERM");
  await once(child, "close");
}
await mesh.close();
collector.close();
console.log(`trace ${traceId}`);
console.log(treeOf(collector.spans.filter((span) => span.traceId === traceId)));
