import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toFunctionJson, toHandler } from "../../lib/azure/index.js";
import { readFunctions, type Class, type FunctionDefinition } from "../../lib/index.js";
import { keepAliveTimeout } from "../contract/app.js";
import { compileInto, runCli, startHost, type FunctionsHost, type HostData } from "./functions-host.js";
import { consumerProject } from "./packed.js";

export interface WorkerOptions {
  readonly model: "v3" | "v4";
  /** The module with the functions, TypeScript that imports the library and nothing else. */
  readonly source: string;
  /** The name of its export. */
  readonly export: string;
  /** That export, as this process has it. */
  readonly functions: readonly Class[];
  /** Where the extension listens for the sidecar. */
  readonly port: number;
  readonly daprUrl: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** An app with `bindings: "sidecar"` in the Functions host in miniature, with the triggers of the Dapr extension. */
export interface FunctionsWorker {
  readonly url: string;
  readonly app: string;
  readonly host: FunctionsHost;
  close(): Promise<void>;
}

/** Generates or registers the functions of a module, and starts them. */
export async function startWorker(options: WorkerOptions): Promise<FunctionsWorker> {
  const { model, source, daprUrl, environment = {} } = options;
  const packages = model === "v4" ? ["@azure/functions"] : [];
  const app = consumerProject({ packages: [...packages, "class-transformer", "class-validator"] });
  compileInto(app, source, "build/source.js");
  const exported = `exports.${options.export} = require("./source.js").${options.export};\n`;
  writeFileSync(join(app, "build/functions.js"), exported);
  if (model === "v3") {
    const { status, stderr } = runCli(app, ["generate", "build/functions.js", "--bindings", "sidecar"], environment);
    if (status !== 0) throw new Error(stderr);
  } else {
    const main = `const { register } = require("dapr-functions/azure");
register([require("./functions.js").${options.export}], { bindings: "sidecar" });
`;
    writeFileSync(join(app, "build/main.js"), main);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", main: "build/main.js" }));
  }
  const host = await startHost(app, { ...environment, DAPR_HTTP_ENDPOINT: daprUrl });
  const listener = await listen(options.port, options.functions, async ({ name }, payload, traceparent) => {
    const call = { function: name, payload, ...(traceparent !== undefined && { traceparent }) };
    const [result] = await host.invoke([call]);
    const { error, reply } = result!;
    if (error !== undefined) throw new Error(error.message);
    return (reply as { bytes?: string } | undefined)?.bytes;
  });
  return {
    url: listener.url,
    app,
    host,
    async close() {
      await listener.close();
      await host.close();
    },
  };
}

/**
 * The handlers of the v3 model with `bindings: "sidecar"` in this very process, behind the triggers of the Dapr
 * extension: for classes that a spec looks into.
 */
export async function startHandlers(
  functions: readonly (Class | object)[],
  { port, daprUrl }: { readonly port: number; readonly daprUrl: string },
): Promise<Listener> {
  const exported = Object.fromEntries(functions.map((target, index) => [`target${index}`, target]));
  const names = readFunctions(functions).map(({ name }) => name);
  const load = (): object => exported;
  const handlers = new Map(names.map((name) => [name, toHandler(load, name, { bindings: "sidecar", daprUrl })]));
  const log = Object.assign(() => undefined, {
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    verbose: () => undefined,
  });
  return await listen(port, functions, async ({ name, trigger }, data, traceparent) => {
    const bindings = { [trigger.name]: delivered(data) };
    const context = { invocationId: randomUUID(), bindings, log, traceContext: { traceparent } };
    const view = (await handlers.get(name)!(context)) as DataView | undefined;
    return view === undefined ? undefined : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  });
}

/** What the v3 worker makes of a value that came over the wire. */
function delivered(data: HostData): unknown {
  if ("base64" in data) return Buffer.from(data.base64, "base64");
  const text = "json" in data ? data.json : "string" in data ? data.string : "";
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** Runs a function and gives the body of its reply. */
type Run = (
  definition: FunctionDefinition,
  payload: HostData,
  traceparent: string | undefined,
) => Promise<string | Buffer | undefined>;

async function listen(port: number, functions: readonly (Class | object)[], run: Run): Promise<Listener> {
  const definitions = readFunctions(functions);
  const server = createServer({ keepAliveTimeout }, (request, response) => {
    void answerTo(request, definitions, run).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
}

/** As DaprServiceListener and DaprTriggerBindingBase of Azure/azure-functions-dapr-extension do. */
async function answerTo(
  request: IncomingMessage,
  definitions: readonly FunctionDefinition[],
  run: Run,
): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = decodeURIComponent((request.url ?? "").split("?")[0]!);
  if (path === "/dapr/subscribe") return { status: 200, body: JSON.stringify(definitions.flatMap(subscriptionOf)) };
  const definition = definitions.find((one) => routeOf(one) === path.toLowerCase());
  if (definition === undefined) return { status: 404 };
  if (request.method === "OPTIONS") return { status: definition.trigger.type === "daprBindingTrigger" ? 200 : 404 };
  const traceparent = request.headers["traceparent"] as string | undefined;
  try {
    const body = await run(definition, dataOf(Buffer.concat(chunks), definition), traceparent);
    return { status: 200, ...(body !== undefined && { body }) };
  } catch (error) {
    return { status: 500, body: (error as Error).message };
  }
}

function subscriptionOf({ trigger, name }: FunctionDefinition): object[] {
  if (trigger.generic === true || trigger.type !== "daprTopicTrigger") return [];
  const { pubSubName, topic = name, route = topic } = trigger;
  return [{ pubsubname: pubSubName, topic, route: `/${route.replace(/^\//, "")}` }];
}

function routeOf({ trigger, name }: FunctionDefinition): string | undefined {
  if (trigger.generic === true) return undefined;
  switch (trigger.type) {
    case "daprServiceInvocationTrigger":
      return `/${trigger.methodName ?? name}`.toLowerCase();
    case "daprBindingTrigger":
      return `/${trigger.bindingName ?? name}`.toLowerCase();
    case "daprTopicTrigger":
      return `/${(trigger.route ?? trigger.topic ?? name).replace(/^\//, "")}`.toLowerCase();
    default:
      return undefined;
  }
}

/** A JSON string is handed over without its quotes, all other JSON as text, bytes where they were asked for. */
function dataOf(body: Buffer, definition: FunctionDefinition): HostData {
  if (body.length === 0) return { string: "" };
  const [trigger] = toFunctionJson(definition, { bindings: "sidecar" }).bindings;
  if (trigger!["dataType"] === "binary") return { base64: body.toString("base64") };
  const value: unknown = JSON.parse(body.toString());
  return typeof value === "string" ? { string: value } : { json: JSON.stringify(value) };
}
