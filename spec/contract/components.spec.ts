import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, component, contract, type Reply, type Start } from "./harness.js";

contract("components", (start) => {
  const bus = component("bus", "pubsub.in-memory");
  const store = component("store", "state.in-memory");

  describe("stop the start", () => {
    it.each<[title: string, components: Record<string, string>]>([
      ["when two have one name", { one: store, two: store }],
      ["when two kinds have one name", { one: store, two: component("store", "pubsub.in-memory") }],
      ["of a type that does not exist", { one: component("one", "state.nowhere") }],
      ["that fail", { one: component("one", "secretstores.local.file", { secretsFile: "/nowhere/secrets.json" }) }],
      ["with a schedule that is none", { tick: component("tick", "bindings.cron", { schedule: "now and then" }) }],
    ])("%s", async (_, components) => {
      // Daprd announces itself first and ends then.
      const living = start({ components }).then(async ({ url }) => {
        for (;;) await call(url, "GET", "/v1.0/healthz/outbound");
      });
      await expect(living).rejects.toThrow(/.+/);
    });
  });

  /** Names of the components that were loaded. */
  const namesFrom = async (...[options]: Parameters<Start>): Promise<string[]> => {
    const sidecar = await start(options);
    const { json } = await call(sidecar.url, "GET", "/v1.0/metadata");
    await sidecar.close();
    return (json as { components: { name: string }[] }).components
      .map(({ name }) => name)
      .sort((a, b) => (a < b ? -1 : 1));
  };

  it("are read from files with several documents, other kinds skipped", async () => {
    const other = '{"apiVersion":"dapr.io/v1alpha1","kind":"Other","metadata":{"name":"other"},"spec":{}}';
    expect(await namesFrom({ components: { all: `${bus}\n---\n${other}\n---\n${store}` } })).toEqual(["bus", "store"]);
  });

  it("may lack a version", async () => {
    const text =
      "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: bare\nspec:\n  type: state.in-memory\n";
    expect(await namesFrom({ components: { bare: text } })).toEqual(["bare"]);
  });

  it("take values from a secret store and from the environment", async () => {
    const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "secrets-"));
    const file = join(folder, "secrets.json");
    const inner = join(folder, "inner.json");
    writeFileSync(inner, JSON.stringify({ key: "value" }));
    writeFileSync(file, JSON.stringify({ files: { inner } }));
    process.env.SPEC_COMPONENT_FILE = inner;
    const referring = (name: string, entry: object, auth?: object): string =>
      JSON.stringify({
        apiVersion: "dapr.io/v1alpha1",
        kind: "Component",
        metadata: { name },
        spec: { type: "secretstores.local.file", version: "v1", metadata: [{ name: "secretsFile", ...entry }] },
        ...auth,
      });
    const sidecar = await start({
      components: {
        outer: component("outer", "secretstores.local.file", { secretsFile: file }),
        bySecret: referring(
          "by-secret",
          { secretKeyRef: { name: "files:inner", key: "files:inner" } },
          { auth: { secretStore: "outer" } },
        ),
        byEnvironment: referring("by-environment", { envRef: "SPEC_COMPONENT_FILE" }),
      },
    });
    delete process.env.SPEC_COMPONENT_FILE;
    const get = (name: string): Promise<Reply> => call(sidecar.url, "GET", `/v1.0/secrets/${name}/key`);
    const replies = [await get("by-secret"), await get("by-environment")];
    await sidecar.close();
    expect(replies).toMatchObject([{ json: { key: "value" } }, { json: { key: "value" } }]);
  });

  it("take no request above 4 MiB", async () => {
    const sidecar = await start({ components: { bus, store } });
    const large = "x".repeat(4 * 1024 * 1024);
    const save = await call(sidecar.url, "POST", "/v1.0/state/store", { body: [{ key: "k", value: large }] });
    const publish = await call(sidecar.url, "POST", "/v1.0/publish/bus/large", { body: { large } });
    await sidecar.close();
    expect(save).toMatchObject({ status: 400, json: { errorCode: "ERR_MALFORMED_REQUEST" } });
    expect(publish.status).toBe(500);
    expect(publish.text).toContain("stream too large");
  });
});
