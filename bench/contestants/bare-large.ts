import { createServer } from "node:http";
import { Pool } from "undici";
import type { Contestant } from "./contestant.js";
import { largeItem, maxRequest, type Large } from "./large.js";

/** By hand, in requests that are as large as the sidecar takes. */
export const contestant: Contestant = {
  start(sidecarPort, port) {
    const pool = new Pool(`http://127.0.0.1:${sidecarPort}`, { connections: 8 });
    const headers = { "content-type": "application/json" };

    async function post(path: string, body: string): Promise<void> {
      const answer = await pool.request({ method: "POST", path, headers, body });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}`);
    }

    async function send(path: string, { items, bytes }: Large, entryOf: (index: number, json: string) => string) {
      let entries: string[] = [];
      let size = 2;
      for (let index = 0; index < items; index++) {
        const entry = entryOf(index, JSON.stringify(largeItem(index, bytes)));
        const length = Buffer.byteLength(entry) + 1;
        if (size + length > maxRequest) {
          await post(path, `[${entries.join(",")}]`);
          entries = [];
          size = 2;
        }
        entries.push(entry);
        size += length;
      }
      await post(path, `[${entries.join(",")}]`);
    }

    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const large = JSON.parse(Buffer.concat(chunks).toString()) as Large;
        const sent =
          request.url === "/save"
            ? send("/v1.0/state/statestore", large, (index, json) => `{"key":"item-${index}","value":${json}}`)
            : send("/v1.0/publish/bulk/bus/items", large, (index, json) => {
                return `{"entryId":"${index}","event":${json},"contentType":"application/json"}`;
              });
        sent.then(
          () => response.writeHead(200, { "content-length": 0 }).end(),
          (error: Error) => response.writeHead(500).end(error.message),
        );
      });
    });
    return new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  },
};
