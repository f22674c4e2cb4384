import { call, component, contract } from "./harness.js";

contract("keyPrefix", (start) => {
  // Keys as the store has them are seen in the message for an etag of a key that is not there.
  it.each([
    [undefined, (appId: string) => `${appId}||k`],
    ["appid", (appId: string) => `${appId}||k`],
    ["namespace", (appId: string) => `${appId}||k`],
    ["name", () => "cart||k"],
    ["none", () => "k"],
    ["Shared", () => "shared||k"],
  ] as const)("%s decides how a key begins in the store", async (keyPrefix, keyOf) => {
    const cart = component("cart", "state.in-memory", keyPrefix === undefined ? {} : { keyPrefix });
    const sidecar = await start({ components: { cart } });
    const body = [{ key: "k", value: 1, etag: "7" }];
    const { json } = await call(sidecar.url, "POST", "/v1.0/state/cart", { body });
    expect((json as { message: string }).message).toContain(`key=${keyOf(sidecar.appId)}`);
    await sidecar.close();
  });
});
