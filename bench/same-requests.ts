import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bench } from "./bench.js";
import { itemsOf, order, orderEvent } from "./bodies.js";
import { App, names, type Name } from "./processes.js";

interface Recorded {
  readonly method: string | undefined;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** What a contestant asked the sidecar for and, where the job is to answer something, what it answered. */
interface Seen {
  readonly requests: readonly Recorded[];
  readonly text: string;
}

function textOf(name: Name, { requests, text }: Seen): string {
  const hasSdk = name === "dapr-sdk" || name === "express";
  return JSON.stringify([hasSdk ? requests.map(withoutSdkWays) : requests, text]);
}

const json = "application/json";
const answering = ["/echo", "/read-order", "/api/orders/41/lines/7"];

const jobs: readonly { path: string; type: string; body: string; except?: readonly Name[] }[] = [
  { path: "/echo", type: json, body: JSON.stringify(order) },
  { path: "/save-order", type: json, body: JSON.stringify(order) },
  { path: "/read-order", type: json, body: JSON.stringify(order) },
  { path: "/invoke-other", type: json, body: JSON.stringify(order) },
  { path: "/call-binding", type: json, body: JSON.stringify(order) },
  { path: "/relay", type: "application/cloudevents+json", body: orderEvent },
  { path: "/save-items", type: json, body: itemsOf(3) },
  { path: "/publish-items", type: json, body: itemsOf(3) },
  { path: "/publish-items-bulk", type: json, body: itemsOf(3), except: ["dapr-sdk", "express"] },
  { path: "/call-binding-items", type: json, body: itemsOf(3) },
  { path: "/api/orders/41", type: json, body: JSON.stringify(order), except: ["dapr-sdk"] },
  { path: "/api/orders/41/lines/7", type: json, body: JSON.stringify(order), except: ["dapr-sdk"] },
];

/**
 * What nobody who uses @dapr/dapr can have otherwise: an empty query, empty state options and binding metadata, and the
 * order of a binding's members. It is compared with ours without these, the others byte for byte.
 */
function withoutSdkWays(request: Recorded): Recorded {
  const path = request.path.replace(/\?$/, "");
  if (request.body === "") return { ...request, path };
  const body = JSON.stringify(JSON.parse(request.body), (name, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (members.length === 0 && (name === "options" || name === "metadata")) return undefined;
    return Object.fromEntries(members);
  });
  return { ...request, path, body };
}

/**
 * Every contestant must ask the sidecar for the same, to the byte, and refuse what it cannot do, before any of them is
 * timed: a contestant that does less would win.
 *
 * @throws Error that names the contestant, the path and both requests
 */
export async function checkSameRequests(bench: Bench): Promise<void> {
  const recorded: Recorded[] = [];
  let failing = false;
  const sidecar = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      if (method === "POST" || url!.startsWith("/v1.0/state/")) {
        const [contentType] = (headers["content-type"] ?? "").split(";");
        recorded.push({ method, path: url!, contentType, body: Buffer.concat(chunks).toString() });
      }
      const hasBody = /\/v1\.0\/(invoke|bindings|metadata)/.test(url!);
      const body = method === "GET" && url!.startsWith("/v1.0/state/") ? JSON.stringify(order) : hasBody ? "{}" : "";
      const status = failing ? 500 : body === "" ? 204 : 200;
      response.writeHead(status, body === "" ? {} : { "content-type": "application/json" });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => sidecar.listen(0, "127.0.0.1", resolve));
  const { port } = sidecar.address() as AddressInfo;
  const expected = new Map<string, Seen>();
  try {
    for (const name of names) {
      bench.progress(`same requests: ${name}`);
      const app = await App.start(bench, { name, sidecarPort: port });
      const call = (path: string, type: string, body: string): Promise<Response> =>
        fetch(`http://127.0.0.1:${app.port}${path}`, { method: "POST", headers: { "content-type": type }, body });
      try {
        for (const { path, type, body, except } of jobs) {
          if (except?.includes(name)) continue;
          recorded.length = 0;
          const answer = await call(path === "/relay" ? await app.routeOf("relay") : path, type, body);
          const text = await answer.text();
          if (answer.status !== 200) throw new Error(`${name} answered ${path} with ${answer.status}: ${text}`);
          const seen: Seen = { requests: [...recorded], text: answering.includes(path) ? text : "" };
          const first = expected.get(path) ?? seen;
          expected.set(path, first);
          if (textOf(name, seen) !== textOf(name, first)) {
            const texts = `\n  ${names[0]}: ${textOf(name, first)}\n  ${name}: ${textOf(name, seen)}`;
            throw new Error(`${name} differs on ${path}:${texts}`);
          }
        }
        // DaprServer gives a callback no way to answer these: one that throws ends the process.
        if (name === "dapr-sdk") continue;
        const malformed = await call("/save-order", json, '{"id":');
        if (malformed.status !== 400) throw new Error(`${name} answers ${malformed.status} to malformed JSON, not 400`);
        failing = true;
        const { status } = await call("/save-order", json, JSON.stringify(order));
        if (status !== 500) throw new Error(`${name} answers ${status} where the sidecar refuses, not 500`);
      } finally {
        failing = false;
        await app.close();
      }
    }
  } finally {
    sidecar.closeAllConnections();
    sidecar.close();
  }
}
