import type { Sidecar } from "dapr-functions/sidecar";
import type { FunctionLog } from "./function-log.mjs";
import { demonstrations, type Demonstration } from "./requests.mjs";

/**
 * Sends a request through the sidecar for each function and prints what triggered it, what it sent to Dapr, what it
 * logged and what came back. What is printed about Dapr is what the sidecar received; daprd does not tell, so beside it
 * only requests and replies are shown.
 */
export async function demonstrate(url: string, sidecar: Sidecar | undefined, log: FunctionLog): Promise<void> {
  await until(async () => (await fetch(`${url}/v1.0/healthz`)).ok, "the sidecar was not ready within 10 s");
  for (const demonstration of demonstrations) await show(demonstration, url, sidecar, log);
  console.log("ConsumeMessageFromKafka");
  console.log(`  logged     ${await log.first("message from ConsumeMessageFromKafka")}`);
}

async function show(
  { name, method, path, body, leadsTo, logs }: Demonstration,
  url: string,
  sidecar: Sidecar | undefined,
  log: FunctionLog,
): Promise<void> {
  const before = sidecar?.requests.length ?? 0;
  const headers = { "content-type": "application/json", "dapr-api-token": process.env.DAPR_API_TOKEN ?? "" };
  const response = await fetch(url + path, {
    method,
    ...(body !== undefined && { headers, body: JSON.stringify(body) }),
  });
  const reply = await response.text();
  if (!response.ok) throw new Error(`${name} was answered ${response.status}: ${reply}`);
  const logged = logs === undefined ? undefined : await log.first(logs);
  if (leadsTo !== undefined && sidecar !== undefined) {
    const isThere = async () => sidecar.requests.slice(before).some((request) => request.path.startsWith(leadsTo));
    await until(isThere, `${name} sent nothing to ${leadsTo} within 10 s`);
  }

  console.log(name);
  const asSent = { method, path, body: body === undefined ? "" : JSON.stringify(body) };
  const [trigger, ...sent] = sidecar?.requests.slice(before).filter(isOfFunction) ?? [asSent];
  console.log(`  triggered  ${trigger!.method} ${trigger!.path} ${trigger!.body}`.trimEnd());
  for (const request of sent) console.log(`  to Dapr    ${request.method} ${request.path} ${request.body}`.trimEnd());
  if (logged !== undefined) console.log(`  logged     ${logged}`);
  console.log(`  reply      ${response.status} ${reply}`.trimEnd());
}

/** False for what the runtime asks by itself: it checks in the background that the sidecar fits the functions. */
function isOfFunction({ path }: { readonly path: string }): boolean {
  return !/^\/v1\.0\/(?:healthz|metadata)/.test(path);
}

async function until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
