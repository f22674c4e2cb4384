import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { order, orderEvent } from "./bodies.js";
import type { Bench } from "./bench.js";
import { App, names } from "./processes.js";

interface Recorded {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

const jobs = [
  ["/echo", "application/json", JSON.stringify(order)],
  ["/save-order", "application/json", JSON.stringify(order)],
  ["/invoke-other", "application/json", JSON.stringify(order)],
  ["/call-binding", "application/json", JSON.stringify(order)],
  ["/relay", "application/cloudevents+json", orderEvent],
] as const;

/**
 * Every contestant must ask the sidecar for the same, to the byte, before any of them is timed: a contestant that does
 * less would win.
 *
 * @throws Error that names the contestant, the path and both requests
 */
export async function checkSameRequests(bench: Bench): Promise<void> {
  const recorded: Recorded[] = [];
  const sidecar = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "POST") {
        const [contentType] = (request.headers["content-type"] ?? "").split(";");
        recorded.push({
          method: request.method,
          path: request.url,
          contentType,
          body: Buffer.concat(chunks).toString(),
        });
      }
      const hasBody = /\/v1\.0\/(invoke|bindings|metadata)/.test(request.url!);
      response.writeHead(hasBody ? 200 : 204, hasBody ? { "content-type": "application/json" } : {});
      response.end(hasBody ? "{}" : undefined);
    });
  });
  await new Promise<void>((resolve) => sidecar.listen(0, "127.0.0.1", resolve));
  const { port } = sidecar.address() as AddressInfo;
  const expected = new Map<string, string>();
  try {
    for (const name of names) {
      bench.progress(`same requests: ${name}`);
      const app = await App.start(bench.folder, name, port);
      try {
        for (const [path, type, body] of jobs) {
          recorded.length = 0;
          const answer = await fetch(`http://127.0.0.1:${app.port}${path}`, {
            method: "POST",
            headers: { "content-type": type },
            body,
          });
          const text = await answer.text();
          if (answer.status !== 200) throw new Error(`${name} answered ${path} with ${answer.status}: ${text}`);
          const seen = JSON.stringify(path === "/echo" ? [...recorded, text] : recorded);
          const first = expected.get(path) ?? seen;
          expected.set(path, first);
          if (seen !== first)
            throw new Error(`${name} differs on ${path}:\n  ${names[0]}: ${first}\n  ${name}: ${seen}`);
        }
      } finally {
        app.close();
      }
    }
  } finally {
    sidecar.closeAllConnections();
    sidecar.close();
  }
}
