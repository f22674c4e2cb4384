import { transformFileSync, type Options } from "@swc/core";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { consumerProject } from "../support/packed.js";

const root = join(__dirname, "..", "..");
const tsc = join(root, "node_modules", "@typescript", "native", "bin", "tsc");
const sources = ["dialects/report.ts", "support/parcels.ts"];

let project: string;

beforeAll(() => {
  project = consumerProject({ packages: ["@types/node", "undici-types"] });
  for (const source of sources) {
    mkdirSync(dirname(join(project, source)), { recursive: true });
    copyFileSync(join(root, "spec", source), join(project, source));
  }
}, 180_000);

function compileWithTsc(out: string, options: object): void {
  const compilerOptions = { target: "es2022", module: "node20", types: ["node"], strict: true, skipLibCheck: true };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: { ...compilerOptions, outDir: out, rootDir: ".", ...options },
      files: sources,
    }),
  );
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", project], { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(stdout);
}

function compileWithSwc(out: string, transform: NonNullable<NonNullable<Options["jsc"]>["transform"]>): void {
  for (const source of sources) {
    const { code } = transformFileSync(join(project, source), {
      swcrc: false,
      module: { type: "commonjs" },
      jsc: { target: "es2022", parser: { syntax: "typescript", decorators: true }, transform, keepClassNames: true },
    });
    const file = join(project, out, source.replace(".ts", ".js"));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}

interface Definition {
  readonly name: string;
  readonly className: string;
  readonly methodName: string;
  readonly target: string;
  readonly trigger: { readonly type: string };
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
  readonly entries: readonly object[];
  readonly clients: readonly object[];
  readonly retry?: object;
  readonly payloadType?: string;
}

interface Report {
  readonly parcels: readonly Definition[];
  readonly base: readonly Definition[];
  readonly derived: readonly Definition[];
  readonly calls: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
}

describe.each([
  [
    "tsc, legacy",
    true,
    (out: string) => compileWithTsc(out, { experimentalDecorators: true, emitDecoratorMetadata: true }),
  ],
  ["tsc, standard", false, (out: string) => compileWithTsc(out, {})],
  ["swc, legacy", true, (out: string) => compileWithSwc(out, { legacyDecorator: true, decoratorMetadata: true })],
  ["swc, 2022-03", false, (out: string) => compileWithSwc(out, { decoratorVersion: "2022-03" })],
  ["swc, 2023-11", false, (out: string) => compileWithSwc(out, { decoratorVersion: "2023-11" } as object)],
])("compiled with %s", (name, recordsTypes, compile) => {
  let report: Report;

  beforeAll(() => {
    const out = name.replace(/\W+/g, "-");
    compile(out);
    const output = execFileSync(process.execPath, [join(project, out, "dialects", "report.js")], {
      cwd: project,
      encoding: "utf8",
    });
    report = JSON.parse(output) as Report;
  });

  it("a class with every kind of binding is read alike", () => {
    expect(report.parcels).toEqual(parcels);
  });

  it("a class has the functions it declares", () => {
    const payloadType = recordsTypes ? { payloadType: "Order" } : {};
    expect(report.base).toEqual([
      { ...functionOf("Base", "kept", "daprServiceInvocationTrigger"), name: "Kept", ...payloadType },
      {
        ...functionOf("Base", "again", "daprServiceInvocationTrigger"),
        inputs: [{ type: "daprState", direction: "in", name: "stored", stateStore: "store", key: "k" }],
      },
    ]);
  });

  it("a subclass keeps, replaces and adds functions", () => {
    const payloadType = recordsTypes ? { payloadType: "Order" } : {};
    const again = functionOf("Derived", "again", "daprBindingTrigger");
    expect(report.derived).toEqual([
      { ...functionOf("Derived", "kept", "daprServiceInvocationTrigger"), name: "Kept", ...payloadType },
      { ...again, trigger: { ...again.trigger, bindingName: "tick" } },
      functionOf("Derived", "own", "daprServiceInvocationTrigger"),
    ]);
    expect(report.calls).toEqual(["base 7", "derived 7"]);
  });

  it("a decorator refuses what is not a public instance method", () => {
    const place = (type: string, member: string) => (recordsTypes ? `${type}.${member}` : member);
    const refusal = (where: string, what: string) =>
      `DefinitionError method-unsupported: method-unsupported: ${where}: @DaprServiceInvocationTrigger stands on ${what}; ` +
      "decorate a public instance method with a textual name";
    expect(report.refused).toEqual({
      static: refusal(place("Statics", "method"), "a static method"),
      symbol: refusal(place("Symbols", "Symbol(method)"), "a method named by a symbol"),
      getter: refusal(place("Getters", "value"), "an accessor"),
      field: refusal(place("Fields", "value"), "a field"),
    });
  });
});

function functionOf(className: string, methodName: string, type: string): Definition {
  const trigger = { type, direction: "in", name: "payload" };
  return {
    name: methodName,
    className,
    methodName,
    target: className,
    trigger,
    inputs: [],
    outputs: [],
    entries: [],
    clients: [],
  };
}

function parcel(methodName: string, members: Partial<Definition>): Definition {
  return { ...functionOf("Parcels", methodName, "daprServiceInvocationTrigger"), ...members };
}

const invocation = { type: "daprServiceInvocationTrigger", direction: "in", name: "payload" };
const topic = { type: "daprTopicTrigger", direction: "in", name: "payload", pubSubName: "%Bus%" };
const http = { type: "httpTrigger", direction: "in", name: "req" };

const parcels: readonly Definition[] = [
  parcel("printLabel", {
    outputs: [
      { type: "daprBinding", direction: "out", name: "labels", bindingName: "%LabelPrinter%", operation: "create" },
    ],
  }),
  parcel("register", {
    name: "Register-Parcels",
    trigger: { ...invocation, name: "batch", methodName: "parcels" } as Definition["trigger"],
    outputs: [{ type: "daprState", direction: "out", name: "stored", stateStore: "%ParcelStore%" }],
  }),
  parcel("findParcel", {
    inputs: [{ type: "daprState", direction: "in", name: "parcel", stateStore: "%ParcelStore%", key: "parcel-{id}" }],
  }),
  parcel("keepScan", {
    trigger: { ...topic, topic: "scans", route: "on-scan" } as Definition["trigger"],
    outputs: [
      { type: "daprState", direction: "out", name: "last", stateStore: "%ParcelStore%", key: "scan-{data.parcelId}" },
    ],
  }),
  parcel("announce", {
    trigger: { ...topic, name: "event", topic: "arrivals" } as Definition["trigger"],
    outputs: [
      { type: "daprPublish", direction: "out", name: "notices", pubSubName: "%Bus%", topic: "notices-{data.depot}" },
      { type: "daprPublish", direction: "out", name: "audit", pubSubName: "auditbus" },
    ],
  }),
  parcel("readFrame", {
    trigger: {
      type: "daprBindingTrigger",
      direction: "in",
      name: "frame",
      dataType: "binary",
      bindingName: "depot-camera",
    } as Definition["trigger"],
    outputs: [
      {
        type: "daprInvoke",
        direction: "out",
        name: "vision",
        appId: "vision",
        methodName: "frames/read",
        httpVerb: "put",
      },
    ],
  }),
  parcel("carrierReady", {
    inputs: [
      {
        type: "daprSecret",
        direction: "in",
        name: "token",
        secretStoreName: "vault",
        key: "carrier",
        metadata: "metadata.version_id=2",
      },
    ],
  }),
  parcel("callDepot", {
    trigger: {
      ...http,
      authLevel: "anonymous",
      methods: ["POST"],
      route: "depots/{app}/{action}",
    } as Definition["trigger"],
    outputs: [{ type: "daprInvoke", direction: "out", name: "call", appId: "{app}", methodName: "{action}" }],
  }),
  parcel("showParcel", {
    trigger: { ...http, methods: ["GET"], route: "parcels/{id}" } as Definition["trigger"],
    inputs: [
      {
        type: "daprState",
        direction: "in",
        name: "parcel",
        stateStore: "%ParcelStore%",
        key: "{id}",
        daprAddress: "%StateSidecar%",
      },
    ],
    outputs: [{ type: "daprPublish", direction: "out", name: "views", pubSubName: "%Bus%", topic: "views" }],
  }),
  parcel("sweep", {
    trigger: {
      generic: true,
      type: "timerTrigger",
      direction: "in",
      name: "tick",
      members: { schedule: "0 30 5 * * *", runOnStartup: false },
    } as Definition["trigger"],
    inputs: [
      {
        generic: true,
        type: "blob",
        direction: "in",
        name: "manifest",
        members: { path: "manifests/today.json", connection: "DepotStorage" },
      },
    ],
    outputs: [
      {
        generic: true,
        type: "queue",
        direction: "out",
        name: "jobs",
        members: { queueName: "sweep-jobs", connection: "DepotStorage" },
      },
    ],
    retry: { strategy: "fixedDelay", maxRetryCount: 4, delayInterval: "00:00:15" },
  }),
];
