import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumerProject } from "../../support/packed.js";
import { compileInto, runCli, startHost, type FunctionsHost } from "../../support/functions-host.js";
import { parcelFiles } from "../parcel-files.js";

/** An app whose entry point is the text given, with the worked examples beside it. */
function appWith(main: string): string {
  const app = consumerProject({ packages: ["@azure/functions"] });
  compileInto(app, join(__dirname, "..", "..", "support", "parcels.ts"), "build/parcels.js");
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", main: "build/main.js" }));
  writeFileSync(
    join(app, "build", "main.js"),
    `const { register } = require("dapr-functions/azure");
const { DaprServiceInvocationTrigger, FunctionName } = require("dapr-functions");
const { app } = require("@azure/functions");
const { Parcels } = require("./parcels.js");
/** A class of one function, made without a compiler. */
function classOf(name, method = "run", read = () => "read") {
  const type = { [name]: class { constructor() { this.own = "own"; } [method](...given) { return read(this, ...given); } } }[name];
  DaprServiceInvocationTrigger()(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));
  return type;
}
${main}
`,
  );
  return app;
}

const hosts: FunctionsHost[] = [];
afterAll(() => Promise.all(hosts.map((host) => host.close())));

async function load(main: string): Promise<FunctionsHost> {
  const host = await startHost(appWith(main));
  hosts.push(host);
  return host;
}

async function replyOf(host: FunctionsHost, name: string): Promise<unknown> {
  const [result] = await host.invoke([{ function: name, payload: { json: "1" } }]);
  return result!.error ?? (result!.reply as { bytes: string }).bytes;
}

/** What the library adds to triggers and inputs, of its own. */
function withoutProperties({ properties: _properties, ...binding }: Readonly<Record<string, unknown>>): object {
  return binding;
}

describe("register", () => {
  it("registers the bindings of function.json, member for member and in order", async () => {
    const host = await load("register([Parcels]);");
    expect(host.registrations.map(({ name }) => name)).toEqual(Object.keys(parcelFiles));
    for (const { name, bindings } of host.registrations) {
      const file = JSON.parse(parcelFiles[name]!) as { bindings: object[] };
      expect(JSON.stringify(bindings.map(withoutProperties))).toBe(JSON.stringify(file.bindings));
    }
  });

  it("equals what generate writes for the same app", async () => {
    const host = await load("register([Parcels]);");
    const app = appWith("");
    expect(runCli(app, ["generate", "build/parcels.js", "--out", "v3"]).status).toBe(0);
    for (const { name, bindings } of host.registrations) {
      const file = readFileSync(join(app, "v3", name, "function.json"), "utf8");
      expect((JSON.parse(file) as { bindings: object[] }).bindings).toEqual(bindings.map(withoutProperties));
    }
  });

  it("gives retry intervals in the form that the library takes", async () => {
    const host = await load("register([Parcels]);");
    expect(host.registrations.find(({ name }) => name === "sweep")!.retry).toMatchObject({
      retryStrategy: "fixedDelay",
      maxRetryCount: 4,
      delayInterval: { seconds: 15 },
    });
  });

  it("keeps this, of classes and of instances", async () => {
    const host = await load(`
      const One = classOf("One", "one", (self) => self.own);
      const Two = classOf("Two", "two", (self) => self.own);
      register([One, Object.assign(new Two(), { own: "given" })]);`);
    expect([await replyOf(host, "one"), await replyOf(host, "two")]).toEqual(['"own"', '"given"']);
  });

  it("takes instances from a container, which may take its time", async () => {
    const host = await load(`
      const One = classOf("One", "one", (self) => self.own);
      register([One], { container: { get: async (type) => Object.assign(new type(), { own: "contained" }) } });`);
    expect(await replyOf(host, "one")).toBe('"contained"');
  });

  it("awaits functions that take their time, while the app starts", async () => {
    const host = await load(`
      register(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return [Object.assign(new (classOf("One", "one", (self) => self.own))(), { own: "late" })];
      });`);
    expect(await replyOf(host, "one")).toBe('"late"');
  });

  it("works beside functions written by hand", async () => {
    const host = await load(`
      app.http("hand", { handler: () => ({ body: "hand" }) });
      register([classOf("One", "one")]);`);
    expect(host.functions).toEqual(["hand", "one"]);
    const http = { url: "http://localhost/api/hand", method: "GET" };
    const [result] = await host.invoke([{ function: "hand", payload: { http } }]);
    expect(result!.reply).toMatchObject({ body: "hand" });
    expect(await replyOf(host, "one")).toBe('"read"');
  });

  it("registers nothing when one function has an error", async () => {
    await expect(load(`register([classOf("One", "one"), classOf("Two", "host")]);`)).rejects.toThrow(
      "function-name-invalid: Two.host",
    );
    const host = await load(`
      try { register([classOf("One", "one"), classOf("Two", "host")]); } catch (error) { console.error(error.code); }
      app.http("hand", { handler: () => ({ body: "hand" }) });`);
    expect(host.functions).toEqual(["hand"]);
    expect(host.stderr()).toContain("function-name-invalid");
  });

  it("fails the start when a function that gives functions fails", async () => {
    await expect(load(`register(async () => { throw new Error("no database"); });`)).rejects.toThrow("no database");
  });

  it("refuses a name registered before, ignoring case, and names both places", async () => {
    await expect(load(`register([classOf("One", "read")]); register([classOf("Two", "READ")]);`)).rejects.toThrow(
      /function-name-duplicate: Two\.READ: .*One\.read/,
    );
  });

  it("refuses what the Functions host refuses, and logs what it merely does not do", async () => {
    await expect(load(`register([class Empty {}]);`)).rejects.toThrow("functions-none");
    for (const given of ['classOf("One")', 'new (classOf("One"))()', "", "() => undefined"]) {
      await expect(load(`register(${given});`)).rejects.toThrow(/functions-none: functions: it is .*; give a list/);
    }
    await expect(
      load(`const One = classOf("One", "one"); register([class Sub extends One { constructor(a) { super(); } }]);`),
    ).rejects.toThrow("constructor-arguments");
    const host = await load(`
      class One { one() {} }
      DaprServiceInvocationTrigger({ methods: ["GET"] })(One.prototype, "one", Object.getOwnPropertyDescriptor(One.prototype, "one"));
      register([One]);`);
    expect(host.stderr()).toContain('warning option-standalone-only: One.one, trigger "payload", methods');
  });

  it("fails each invocation with what kept its instance from being made", async () => {
    const host = await load(`
      register([classOf("One", "one")], { container: { get: () => { throw new Error("no such service"); } } });`);
    expect(await replyOf(host, "one")).toMatchObject({ message: "no such service" });
    expect(await replyOf(host, "one")).toMatchObject({ message: "no such service" });
    expect(host.stderr()).toContain("no such service");
  });

  it("says what to install where @azure/functions is missing", async () => {
    const app = consumerProject();
    mkdirSync(join(app, "build"));
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", main: "build/main.js" }));
    writeFileSync(join(app, "build", "main.js"), 'require("dapr-functions/azure").register([]);');
    await expect(startHost(app)).rejects.toThrow("peer-missing: register(): @azure/functions cannot be loaded");
  });
});
