import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "../../examples/mounted/server.js";
import { atEnd, post, send } from "../serve/support.js";
import { recordingSidecar } from "../support/recording-sidecar.js";

describe("examples/mounted", () => {
  it("answers for its pages, its API and its functions on one port, and closes", async () => {
    const sidecar = await recordingSidecar();
    atEnd(() => sidecar.close());
    sidecar.answer = ({ path }) =>
      path.endsWith("/ACME") ? { status: 200, body: '{"symbol":"ACME","price":41}' } : { status: 204 };
    const { app, functions } = await createServer({ daprUrl: sidecar.url, log: { warn: console.warn } });
    const server = createHttpServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    atEnd(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
    const at = server.address() as AddressInfo;

    expect((await send(at, "GET", "/")).body).toBe("<h1>Quotes</h1>");
    expect((await post(at, "/echo", { a: 1 })).json).toEqual({ a: 1 });
    expect((await post(at, "/retrieveQuote", { symbol: "ACME" })).json).toEqual({ symbol: "ACME", price: 41 });
    expect((await send(at, "GET", "/api/quotes/ACME")).json).toEqual({ symbol: "ACME", price: 41 });
    expect((await send(at, "GET", "/api/quotes/none")).status).toBe(404);
    expect((await send(at, "GET", "/dapr/subscribe")).json).toEqual([]);
    await functions.close();
    expect((await post(at, "/retrieveQuote", { symbol: "ACME" })).status).toBe(503);
    expect((await send(at, "GET", "/")).status).toBe(200);
  });
});
