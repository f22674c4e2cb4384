import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadComponents } from "../../../lib/sidecar/index.js";
import { call, closeAll, sidecarWith } from "../support.js";

describe("component files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "components-"));
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  const write = (file: string, text: string) => {
    writeFileSync(join(folder, file), text);
    return join(folder, file);
  };
  const manifest = (name: string, type = "state.in-memory", more = "") =>
    `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n${more}`;

  it("are read from .yaml and .yml, several documents each; the rest is passed over", () => {
    write("a.yaml", `${manifest("one")}---\n${manifest("two")}---\nkind: Subscription\napiVersion: dapr.io/v2alpha1\n`);
    write("b.yml", "# nothing but a comment\n");
    write("c.txt", "{ not: [yaml");
    mkdirSync(join(folder, "d.yaml"));
    write("e.yml", manifest("three", "bindings.localstorage", "  metadata:\n  - name: rootPath\n    value: data\n"));
    const names = loadComponents(folder).map(({ name, type }) => `${name} ${type}`);
    expect(names).toEqual(["one state.in-memory", "two state.in-memory", "three bindings.localstorage"]);
    expect(loadComponents(join(folder, "e.yml"))).toMatchObject([{ metadata: { rootPath: "data" }, version: "v1" }]);
  });

  it("may leave the version out, and write values that are no text", async () => {
    const more = "  metadata:\n  - name: multiValued\n    value: true\n  - name: count\n    value: 5\n";
    write("a.yaml", manifest("one", "state.in-memory", more).replace("  version: v1\n", ""));
    expect(loadComponents(folder)).toMatchObject([
      { version: undefined, metadata: { multiValued: "true", count: "5" } },
    ]);
    const sidecar = await sidecarWith(folder);
    expect(await call(sidecar, "GET /v1.0/state/one/k")).toMatchObject({ status: 204 });
  });

  it("stop the start with file and line when they cannot be read", () => {
    const file = write("a.yaml", `${manifest("one")}---\nkind: Component\n  name: [\n`);
    expect(() => loadComponents(folder)).toThrow(
      expect.objectContaining({
        code: "component-invalid",
        message: expect.stringMatching(`${file}:(9|10|11): `) as string,
      }),
    );
  });

  it("stop the start when they have no name or no type", () => {
    write("a.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Component\nspec:\n  type: state.in-memory\n");
    write("b.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: x\n");
    expect(() => loadComponents(folder)).toThrow(
      /a.yaml:1: the component has no name.*\n.*b.yaml:1: component "x" has no type/,
    );
  });

  it("name a folder that is not there", () => {
    expect(() => loadComponents(join(folder, "none"))).toThrow(/components ".*none" cannot be read/);
  });

  it("are hidden from apps that their scopes do not name", async () => {
    write(
      "a.yaml",
      `${manifest("mine")}scopes: [orders, billing]\n---\n${manifest("theirs", "state.redis")}scopes: [billing]\n`,
    );
    const sidecar = await sidecarWith(folder);
    expect(await call(sidecar, "GET /v1.0/state/mine/k")).toMatchObject({ status: 204 });
    expect(await call(sidecar, "GET /v1.0/state/theirs/k")).toMatchObject({ status: 400 });
  });

  it("stop the start when a name is used twice, even by different kinds", async () => {
    write("a.yaml", manifest("one"));
    const file = write("b.yaml", manifest("one", "pubsub.in-memory"));
    await expect(sidecarWith(folder)).rejects.toMatchObject({
      code: "component-invalid",
      message: expect.stringMatching(`${file}:1: component "one" has a name that another component has too`),
    });
  });

  it("stop the start when a type is not in the table, list the table, and name daprd", async () => {
    const file = write("a.yaml", manifest("store", "state.redis"));
    await expect(sidecarWith(folder)).rejects.toThrow(
      new RegExp(
        `${file}:1: component "store" is of type state.redis, .*state.in-memory, pubsub.in-memory, bindings.localstorage, ` +
          "bindings.http, bindings.cron, secretstores.local.file, secretstores.local.env.*daprd",
      ),
    );
  });

  it("stop the start when a component cannot start, all that are wrong at once", async () => {
    write("a.yaml", manifest("files", "bindings.localstorage"));
    write("b.yaml", manifest("tick", "bindings.cron"));
    await expect(sidecarWith(folder)).rejects.toThrow(/rootPath must not be empty.*\n.*schedule not set/);
  });

  it("take values from a secret store and from the environment", async () => {
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify({ root: join(folder, "deep") }));
    process.env["SPEC_SECRETS_FILE"] = secretsFile;
    const envRef = "  metadata:\n  - name: secretsFile\n    envRef: SPEC_SECRETS_FILE\n";
    const keyRef = "  metadata:\n  - name: rootPath\n    secretKeyRef:\n      name: root\nauth:\n  secretStore: safe\n";
    write("a.yaml", manifest("files", "bindings.localstorage", keyRef));
    write("b.yaml", manifest("safe", "secretstores.local.file", envRef));
    const sidecar = await sidecarWith(folder);
    const body = { operation: "create", data: "x y", metadata: { fileName: "f" } };
    await call(sidecar, "POST /v1.0/bindings/files", { body });
    const listed = await call(sidecar, "POST /v1.0/bindings/files", { body: { operation: "list" } });
    expect(listed.json).toEqual([join(folder, "deep", "f")]);
    delete process.env["SPEC_SECRETS_FILE"];
  });

  it("stop the start when they refer to a secret that is not there", async () => {
    const keyRef = "  metadata:\n  - name: rootPath\n    secretKeyRef:\n      name: root\nauth:\n  secretStore: safe\n";
    write("a.yaml", manifest("files", "bindings.localstorage", keyRef));
    await expect(sidecarWith(folder)).rejects.toThrow(/refers to secret store "safe", which is not there/);
  });
});
