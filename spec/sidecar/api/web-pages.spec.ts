import { call, closeAll, Lines, sidecarWith } from "../support.js";

afterEach(closeAll);

describe("a web page", () => {
  const components = [{ name: "cart", type: "state.in-memory" }];

  it.each([
    ["of another origin", { origin: "https://shop.example" }],
    ["of another port of this machine", { origin: "http://localhost:5173" }],
    ["whose origin is hidden", { origin: "null" }],
    ["that loads an image", { "sec-fetch-site": "cross-site" }],
    ["that loads an image from another port", { "sec-fetch-site": "same-site" }],
    ["whose name resolves to this machine", { host: "rebound.example:3500" }],
    ["whose name begins as this machine's", { host: "127.0.0.1.example" }],
    ["whose name ends as this machine's", { host: "notlocalhost" }],
    ["that names another address", { host: "10.0.0.1" }],
    ["that names all addresses of this machine", { host: "0.0.0.0:3500" }],
    ["that names this machine as a number", { host: "2130706433:3500" }],
    ["that names this machine within IPv6", { host: "[::ffff:127.0.0.1]:3500" }],
    ["that names this machine below a name of its own", { host: "127.0.0.1.nip.example:3500" }],
    ["that names this machine after a user", { host: "a@127.0.0.1:3500" }],
    ["that sends a form", { origin: "https://shop.example", "content-type": "text/plain" }],
    ["that sends a form and hides where it comes from", { origin: "null", "sec-fetch-site": "cross-site" }],
    ["that says two origins", { origin: "http://localhost:3500, https://shop.example", host: "localhost:3500" }],
    ["that asks for a WebSocket", { origin: "https://shop.example", connection: "upgrade", upgrade: "websocket" }],
    ["that asks for a private network", { origin: "null", "access-control-request-private-network": "true" }],
  ] as [string, Record<string, string>][])("%s can neither write nor read nor end the sidecar", async (_, headers) => {
    const sidecar = await sidecarWith(components);
    await call(sidecar, "POST /v1.0/state/cart", { body: [{ key: "k", value: "kept" }] });
    for (const line of [
      "POST /v1.0/state/cart",
      "GET /v1.0/state/cart/k",
      "POST /v1.0/publish/bus/t",
      "GET /v1.0/secrets/env/PATH",
      "GET /v1.0/invoke/orders/method/m",
      "OPTIONS /v1.0/state/cart",
      "POST /v1.0/shutdown",
    ]) {
      const body = line.startsWith("POST") ? [{ key: "k", value: "changed" }] : undefined;
      expect(await call(sidecar, line, { headers, body })).toMatchObject({
        status: 403,
        json: { errorCode: "ERR_FORBIDDEN", message: expect.stringMatching(/; call (it|the sidecar) /) as string },
      });
    }
    expect((await call(sidecar, "GET /v1.0/state/cart/k")).json).toBe("kept");
    expect(sidecar.requests).toHaveLength(2);
  });

  it.each([
    [{ host: "localhost:3500" }],
    [{ host: "LOCALHOST" }],
    [{ host: "127.0.0.1:1" }],
    [{ host: "127.8.9.1" }],
    [{ host: "[::1]:3500" }],
    [{ host: "orders.localhost" }],
    [{ host: "localhost:3500", origin: "http://localhost:3500", "sec-fetch-site": "same-origin" }],
    [{ "sec-fetch-site": "none" }],
  ] as [Record<string, string>][])("programs, and the sidecar's own pages, may call it: %j", async (headers) => {
    const sidecar = await sidecarWith(components);
    expect(await call(sidecar, "GET /v1.0/state/cart/k", { headers })).toMatchObject({ status: 204 });
  });

  it("does not write lines of its own into the log", async () => {
    const log = new Lines();
    const sidecar = await sidecarWith(components, { log });
    await call(sidecar, "GET /v1.0/metadata", { headers: { host: "a.example\u009b2J" } });
    expect(log.all.at(-1)).toContain('the host "a.example\\u009b2J" is not this machine');
  });

  it("is named in the log, once", async () => {
    const log = new Lines();
    const sidecar = await sidecarWith(components, { log });
    for (let n = 0; n < 3; n++) await call(sidecar, "GET /v1.0/metadata", { headers: { origin: "https://a.example" } });
    const lines = log.all.filter((line) => line.includes("refused"));
    expect(lines).toEqual([
      'a request was refused: web pages of other origins ("https://a.example") may not call the sidecar; call it from a program',
    ]);
  });
});

it("the list of requests holds no credentials", async () => {
  const sidecar = await sidecarWith([], { apiToken: "hidden-1" });
  const query =
    "access_token=hidden-6&X-Amz-Signature=hidden-7&%61pi-key=hidden-8&subscription-key=hidden-9&client_secret=hidden-10&token";
  await call(sidecar, `GET /v1.0/metadata?${query}&metadata.keyToken=shown&key=shown&q=a%20b`, {
    headers: {
      "dapr-api-token": "hidden-1",
      authorization: "Bearer hidden-2",
      cookie: "session=hidden-3",
      "x-api-key": "hidden-4",
      "X-Amz-Security-Token": "hidden-5",
      "x-functions-key": "hidden-11",
      "ocp-apim-subscription-key": "hidden-12",
      "x-amz-signature": "hidden-13",
      "x-hub-signature-256": "hidden-14",
      "x-partition-key": "shown",
      "x-own": "shown",
    },
  });
  expect(JSON.stringify(sidecar.requests)).not.toContain("hidden");
  expect(sidecar.requests[0]!.headers).toMatchObject({
    "dapr-api-token": "***",
    authorization: "***",
    "x-own": "shown",
    "x-partition-key": "shown",
  });
  expect(sidecar.requests[0]!.path).toBe(
    "/v1.0/metadata?access_token=***&X-Amz-Signature=***&%61pi-key=***&subscription-key=***&client_secret=***&token" +
      "&metadata.keyToken=shown&key=shown&q=a%20b",
  );
});
