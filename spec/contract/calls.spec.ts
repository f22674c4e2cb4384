import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DaprApp,
  DaprBindingInput,
  DaprBindingOutput,
  DaprInvokeInput,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  FunctionName,
  Reply,
  serve,
  SidecarError,
  type AppClient,
  type AppReply,
  type BindingCollector,
  type BindingRecord,
  type DaprClient,
  type InvocationContext,
} from "../../lib/index.js";
import { startHandlers } from "../support/dapr-extension.js";
import { freePort, startDaprd, type Daprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";
import { startApp, type RecordingApp } from "./app.js";
import { call, component } from "./harness.js";

/*
 * Two applications, each beside a daprd of its own, that call each other by name: what a method asks before it runs and
 * what it calls while it does, and what of both arrives.
 */

class Charge {
  order!: string;
  cents!: number;
}

class Billing {
  @DaprServiceInvocationTrigger()
  charge(charge: Charge): { number: string; at: Date; none?: string | undefined } {
    return { number: `r-${charge.order}`, at: new Date(0), none: undefined };
  }

  @FunctionName("scan-it")
  @DaprServiceInvocationTrigger({ methods: ["PUT"] })
  scan(bytes: Uint8Array): Uint8Array {
    return bytes.map((byte) => byte + 1);
  }

  @DaprServiceInvocationTrigger()
  trace(_payload: unknown, _bindings: unknown, context: InvocationContext): unknown {
    return { parent: context.traceContext?.traceParent, own: context.triggerMetadata["x-own"] };
  }

  @DaprServiceInvocationTrigger()
  refuse(charge: Charge): Reply {
    const body = { errorCode: "ERR_NO_FUNDS", message: "no money", cents: charge.cents };
    return new Reply({ status: 402, headers: { "x-shelf": "7" }, body });
  }

  @DaprServiceInvocationTrigger({ methodName: "prices/a", methods: ["GET"] })
  price(): { cents: number } {
    return { cents: 5 };
  }

  @DaprServiceInvocationTrigger({ methods: ["GET"] })
  nothing(): void {}

  @DaprServiceInvocationTrigger()
  slow(): Promise<never> {
    return new Promise(() => undefined);
  }
}

const billing = `billing-${Math.random().toString(36).slice(2)}`;
const shop = `shop-${Math.random().toString(36).slice(2)}`;

interface Clients {
  readonly billing: AppClient<Billing>;
}

class Shop {
  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({ name: "price", appId: billing, methodName: "prices/{sku}" })
  @DaprInvokeInput({ name: "nothing", appId: billing, methodName: "nothing" })
  @DaprInvokeInput({ name: "missing", appId: billing, methodName: "none/{sku}", record: true })
  asked(
    _payload: { sku: string },
    { price, nothing, missing }: { price: unknown; nothing: unknown; missing: AppReply<unknown> },
  ): unknown {
    return { price, nothing: nothing === undefined, status: missing.status };
  }

  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({
    name: "refusal",
    appId: billing,
    methodName: "refuse",
    httpVerb: "post",
    body: { cents: "{cents}" },
  })
  askedInVain(_payload: unknown, _bindings: { refusal: unknown }): void {}

  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: billing, of: Billing })
  async calls(bytes: number[], { billing: app }: Clients): Promise<unknown> {
    const receipt = await app.charge({ order: "41", cents: 5 });
    const scanned = await app.scan(Uint8Array.from(bytes));
    const { status, value } = await app.call("prices/a", undefined, { httpVerb: "GET" });
    const refusal = await app.refuse({ order: "41", cents: 7 }).catch((error: SidecarError) => error);
    const { status: refused, errorCode, headers, value: said } = refusal as SidecarError;
    return {
      receipt,
      scanned: [...scanned],
      status,
      value,
      refused: { refused, errorCode, shelf: headers["x-shelf"], said },
    };
  }

  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: billing })
  async traced(_payload: unknown, { billing: app }: Clients): Promise<unknown> {
    return await app.trace(undefined, { headers: { "x-own": "yes" } });
  }

  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: billing })
  async givesUp(_payload: unknown, { billing: app }: Clients): Promise<string> {
    return await app.slow(undefined, { timeout: 100 }).catch((error: SidecarError) => error.code);
  }

  @DaprServiceInvocationTrigger()
  @DaprSidecar({ name: "dapr" })
  async stored({ key }: { key: string }, { dapr }: { dapr: DaprClient }): Promise<unknown> {
    const entries = [{ key, value: { n: 1 } }];
    await dapr.saveState({ stateStore: "store", entries });
    return (await dapr.getState({ stateStore: "store", key })).value;
  }

  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "files", bindingName: "files", operation: "create" })
  write(payload: { name: string; text: string }, { files }: { files: BindingCollector<string> }): void {
    files.add(payload.text, { metadata: { fileName: payload.name } });
  }

  @DaprServiceInvocationTrigger()
  @DaprBindingInput({ name: "file", bindingName: "files", operation: "get", metadata: { fileName: "{name}" } })
  @DaprBindingInput({ name: "list", bindingName: "files", operation: "list", required: true })
  read(_payload: { name: string }, { file, list }: { file: string | undefined; list: string[] }): unknown {
    return { file, listed: list.map((path) => path.split("/").at(-1)) };
  }

  @DaprServiceInvocationTrigger()
  @DaprBindingInput({
    name: "page",
    bindingName: "http",
    operation: "post",
    data: { of: "{sku}" },
    metadata: { path: "/p/{sku}" },
    record: true,
  })
  page(_payload: { sku: string }, { page }: { page: BindingRecord<unknown> }): unknown {
    return page;
  }
}

interface Runner {
  close(): Promise<void>;
}

type Runners = Readonly<
  Record<string, (functions: object[], options: { readonly port: number; readonly daprUrl: string }) => Promise<Runner>>
>;

/** What runs the caller's functions; the callee's are served. */
const runners: Runners = {
  serve: (functions, options) => serve(functions, { ...options, host: "127.0.0.1", log: quiet }),
  "the Functions host": (functions, options) => startHandlers(functions, options),
};

const hasDaprd = canRun("calls between two daprds", "daprd");

if (hasDaprd)
  describe.each(Object.keys(runners))("calls between two applications, under %s [daprd]", (host) => {
    let server: RecordingApp;
    const daprds: Daprd[] = [];
    const apps: Runner[] = [];

    beforeAll(async () => {
      const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "calls-"));
      server = await startApp({
        answer: ({ method, path, json }) => ({
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ method, path, json }),
        }),
      });
      const components = {
        store: component("store", "state.in-memory"),
        files: component("files", "bindings.localstorage", { rootPath: mkdtempSync(join(folder, "files-")) }),
        http: component("http", "bindings.http", { url: `http://127.0.0.1:${server.port}` }),
      };
      const names = join(folder, "names.db");
      const start = async (
        appId: string,
        functions: object[],
        resources: readonly string[],
        run: Runners[string],
      ): Promise<void> => {
        const port = await freePort();
        const daprd = await startDaprd({ appId, appPort: port, names, resources });
        daprds.push(daprd);
        apps.push(await run(functions, { port, daprUrl: daprd.url }));
        await daprd.ready;
      };
      await start(billing, [new Billing()], [], runners["serve"]!);
      await start(shop, [new Shop()], [folderWith(folder, components)], runners[host]!);
    });

    afterAll(async () => {
      for (const app of apps) await app.close();
      for (const daprd of daprds) await daprd.close();
      await server?.close();
    });

    const invoke = async (method: string, body?: unknown, headers?: Record<string, string>) =>
      await call(daprds[1]!.url, "POST", `/v1.0/invoke/${shop}/method/${method}`, {
        body,
        ...(headers && { headers }),
      });

    it("an input has what the other application answers, and nothing for 204 and 404", async () => {
      const { status, json } = await invoke("asked", { sku: "a" });
      expect({ status, json }).toEqual({ status: 200, json: { price: { cents: 5 }, nothing: true, status: 404 } });
    });

    it("an input fails with the callee's error, which the caller does not mistake for its own fault", async () => {
      const { status, text } = await invoke("askedInVain", { cents: 7 });
      expect(status).toBe(500);
      expect(text).toMatch(/402.*no money/);
    });

    it("a client calls by the names and verbs of the class, and gets replies and refusals whole", async () => {
      const { json } = await invoke("calls", [1, 2]);
      expect(json).toEqual({
        receipt: { number: "r-41", at: "1970-01-01T00:00:00.000Z" },
        scanned: [2, 3],
        status: 200,
        value: { cents: 5 },
        refused: {
          refused: 402,
          errorCode: "ERR_NO_FUNDS",
          shelf: "7",
          said: { errorCode: "ERR_NO_FUNDS", message: "no money", cents: 7 },
        },
      });
    });

    it("a client carries the trace of the invocation, through both daprds", async () => {
      const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
      const { json } = await invoke("traced", {}, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
      expect(json).toMatchObject({ parent: expect.stringContaining(trace), own: "yes" });
    });

    it("a client stops waiting when its time is over", async () => {
      expect((await invoke("givesUp", {})).text).toContain("ERR_DAPR_REQUEST_FAILED");
    });

    it("the sidecar's client does what no decorator says", async () => {
      expect((await invoke("stored", { key: "k 1" })).json).toEqual({ n: 1 });
    });

    it("a binding's answer is an input: a file and a list of files", async () => {
      await invoke("write", { name: "a.txt", text: "some text" });
      await invoke("write", { name: "b.txt", text: "more" });
      const { json } = await invoke("read", { name: "a.txt" });
      expect(json).toEqual({ file: "some text", listed: ["a.txt", "b.txt"] });
    });

    it("a binding's answer is an input: an HTTP request", async () => {
      const { json } = await invoke("page", { sku: "7" });
      expect(json).toMatchObject({
        data: { method: "POST", path: "/p/7", json: { of: "7" } },
        metadata: { statuscode: "200" },
      });
    });
  });

const quiet = { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing };

function nothing(): void {
  // What fails here says so in its answer.
}

function folderWith(folder: string, components: Readonly<Record<string, string>>): string {
  const resources = mkdtempSync(join(folder, "components-"));
  for (const [name, text] of Object.entries(components)) writeFileSync(join(resources, `${name}.yaml`), text);
  return resources;
}
