import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

  it("may leave the version out, and write values that are not text", async () => {
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
      /a.yaml:1: the component has no name.*\n.*b.yaml:1: component "x": it has no type; give it spec.type/,
    );
  });

  const metadata = (text: string) => manifest("one", "state.in-memory", `  metadata:\n${text}\n`);
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefgh"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefg"[index]}`).join(", ")}]`)
    .join("\n")}\n`;

  it.each([
    ["a bomb of aliases", `${bomb}${manifest("one")}`, /its aliases cannot be followed/],
    ["a circle of aliases", `x: &x [*x]\n${manifest("one")}`, /its aliases cannot be followed/],
    [
      "very many aliases",
      `x: &x 1\n${Array.from({ length: 30_000 }, (_, index) => `k${index}: *x\n`).join("")}${manifest("one")}`,
      /its aliases cannot be followed/,
    ],
    ["a key twice", `${manifest("one")}kind: Component\n`, /a\.yaml:\d+: Map keys must be unique; correct the YAML/],
    ["a key twice, further down", metadata("  - name: a\n    name: b"), /a\.yaml:\d+: Map keys must be unique/],
    ["lists without end", `x: ${"[".repeat(100_000)}`, /correct/],
    ["too many bytes", `${manifest("one")}# ${"x".repeat(1024 * 1024)}`, /more than the 1048576 of a resource file/],
    ["a list", "- kind: Component", /the document is a list; write an object/],
    ["text", "kind", /the document is text; write an object/],
    ["a kind that is a list", "kind: [Component]", /kind is a list; write text/],
    [
      "metadata that is text",
      "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: one",
      /metadata is text; write an obj/,
    ],
    ["a name that is a number", manifest("5"), /metadata.name is a number; write text/],
    [
      "a spec that is text",
      "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: one}\nspec: x",
      /"one": spec is text/,
    ],
    ["a type that is a list", manifest("one", "[state.in-memory]"), /"one": spec.type is a list; write text/],
    ["values that are an object", metadata("    a: b"), /"one": spec.metadata is an object; write a list/],
    ["a value that is text", metadata("  - a"), /"one": spec.metadata\[0\] is text; write an object/],
    ["a value's name that is a list", metadata("  - name: [a]"), /spec.metadata\[0\].name is a list; write text/],
    ["a reference that is text", metadata("  - name: a\n    secretKeyRef: b"), /secretKeyRef is text; write an object/],
    ["an envRef that is a number", metadata("  - name: a\n    envRef: 5"), /envRef is a number; write text/],
    ["scopes that are text", `${manifest("one")}scopes: orders\n`, /"one": scopes is text; write a list/],
    ["a scope that is a number", `${manifest("one")}scopes: [1]\n`, /"one": scopes\[0\] is a number; write text/],
    ["auth that is text", `${manifest("one")}auth: safe\n`, /"one": auth is text; write an object/],
  ])("stop the start with the file's name when they hold %s", (_, text, message) => {
    const file = write("a.yaml", text);
    const load = () => loadComponents(folder);
    expect(load).toThrow(expect.objectContaining({ code: "component-invalid" }));
    expect(load).toThrow(file);
    expect(load).toThrow(message);
  });

  it("stop the start with the file's name when it is a device or a pipe, which never end", () => {
    symlinkSync("/dev/zero", join(folder, "device.yaml"));
    expect(() => loadComponents(folder)).toThrow(/device\.yaml cannot be read: it is not a regular file/);
    rmSync(join(folder, "device.yaml"));
    execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
    expect(() => loadComponents(folder)).toThrow(/pipe\.yaml cannot be read: it is not a regular file/);
  });

  it("stop the start with the file's name when a link leads nowhere or in a circle", () => {
    for (const [name, target] of [
      ["a.yaml", "a.yaml"],
      ["b.yaml", "none.yaml"],
    ] as const) {
      symlinkSync(target, join(folder, name));
      expect(() => loadComponents(folder)).toThrow(
        expect.objectContaining({
          code: "component-invalid",
          message: expect.stringContaining(join(folder, name)) as string,
        }),
      );
      rmSync(join(folder, name));
    }
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
