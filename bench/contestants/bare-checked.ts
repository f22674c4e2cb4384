import { createServer, type ServerResponse } from "node:http";
import { plainToInstance } from "class-transformer";
import { validateSync } from "class-validator";
import { declareOthers, Order } from "./checked-order.js";
import type { Contestant } from "./contestant.js";

/** node:http with class-transformer and class-validator called by hand: `POST /echo` answers the instance. */
export const contestant: Contestant = {
  start(_, port, argument) {
    declareOthers(Number(argument));
    const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => answer(response, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    });
    return new Promise<void>((resolve) => {
      server.listen(port, "127.0.0.1", resolve);
    });
  },
};

function answer(response: ServerResponse, body: Buffer): void {
  let order: Order;
  try {
    order = plainToInstance(Order, JSON.parse(body.toString()));
  } catch {
    return end(response, 400, '{"message":"malformed"}');
  }
  const errors = validateSync(order, { whitelist: true, forbidUnknownValues: true });
  if (errors.length > 0) return end(response, 400, JSON.stringify({ message: errors.map(String).join() }));
  end(response, 200, JSON.stringify(order));
}

function end(response: ServerResponse, status: number, body: string): void {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  response.writeHead(status, headers).end(body);
}
