import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "../../index.js";
import { describeFunction } from "../../inspector/describe.js";
import { History } from "../../inspector/history.js";
import { Inspector, type InspectedSidecar } from "../../inspector/inspector.js";
import type { InvocationRecord, OverviewApp } from "../../inspector/page/wire.js";
import { Recorder } from "../../inspector/recorder.js";
import { Recordings } from "../../inspector/recordings.js";
import { hasToken } from "../../sidecar/api/server.js";
import { refusalOf } from "../../sidecar/api/web-pages.js";
import { loadFunctions } from "../modules/function-app.js";
import { lineOf } from "./invocation-lines.js";
import { exitCodes, exitWith, hasErrors, printProblems } from "../report.js";
import type { ModulesOfApp, ModulesOptions } from "./run-modules.js";
import { inspectorUrl, tokens } from "./sidecar-options.js";
import { untilStopped } from "./stop-signal.js";

/** Serves modules beside a daprd that runs already, with a page that watches. Until interrupted. */
export async function runBeside(
  { appId, modules }: ModulesOfApp,
  options: ModulesOptions,
  daprUrl: string,
): Promise<void> {
  const { targets, problems, fileOf } = await loadFunctions(modules);
  if (hasErrors(problems)) {
    printProblems(problems);
    exitWith(exitCodes.problems);
    return;
  }
  await untilStopped(async (onStop) => {
    const { inspect, log, appPort } = options;
    const inspector = new Inspector(new History());
    const onRecord = (record: InvocationRecord): void => {
      inspector.history.add(record);
      if (record.ms !== undefined && log !== "off") console.log(lineOf(record, log, process.stdout.isTTY));
    };
    const recorder = new Recorder(appId, onRecord);
    // Under `dapr run` the environment names the app's port.
    const port = appPort === 0 ? undefined : appPort;
    const record = options.record === undefined ? undefined : { folder: options.record, moduleOf: fileOf };
    const tests = new Recordings((id, recording) => inspector.history.addRecording(id, recording));
    const observers = inspect ? [recorder, tests] : [recorder];
    const own = { daprUrl, port, observers, log: recorder.logOver(console, log !== "off"), record };
    const app = await serve(targets, own);
    onStop(() => app.close());
    console.log(`${appId} at ${app.url}, beside the sidecar at ${daprUrl}`);
    if (!inspect) return;
    const functions = app.functions.map((definition) => describeFunction(appId, definition, `./${fileOf(definition)}`));
    inspector.history.setFunctions(appId, functions);
    inspector.add(daprd(appId, daprUrl, app.port));
    const page = await servePage(inspector);
    onStop(async () => {
      inspector.close();
      await new Promise((closed) => page.close(closed));
    });
    console.log(`see: ${inspectorUrl(`http://127.0.0.1:${(page.address() as AddressInfo).port}`)}`);
  });
}

async function servePage(inspector: Inspector): Promise<Server> {
  const { apiToken } = tokens(process.env);
  const server = createServer((request, response) => {
    const path = request.url!.split("?")[0]!;
    const isPage = inspector.isPublic(path) && request.method === "GET";
    const refusal = refusalOf(isPage ? { ...request.headers, "sec-fetch-site": "none" } : request.headers);
    const status =
      refusal !== undefined ? 403 : inspector.has(path) ? (isPage || hasToken(request, apiToken) ? 200 : 401) : 404;
    if (status === 200) inspector.handle(request, response).catch(() => response.destroy());
    else response.writeHead(status, { connection: "close" }).end(refusal);
  });
  await new Promise<void>((listening, reject) => server.once("error", reject).listen(0, "127.0.0.1", listening));
  return server;
}

interface Metadata {
  readonly components?: readonly { readonly name: string; readonly type: string }[];
  readonly subscriptions?: readonly {
    readonly pubsubname: string;
    readonly topic: string;
    readonly deadLetterTopic?: string;
    readonly rules?: readonly { readonly match?: string; readonly path: string }[];
  }[];
}

/** What daprd says of itself, asked for whenever the page asks. Keys of stores and names of secrets it does not list. */
function daprd(appId: string, url: string, appPort: number): InspectedSidecar {
  const { apiToken } = tokens(process.env);
  let metadata: Metadata = {};
  const named = (prefix: string) =>
    (metadata.components ?? []).filter(({ type }) => type.startsWith(prefix)).map(({ name }) => name);
  return {
    appId,
    url,
    apiToken,
    listsKeys: false,
    appPort: () => appPort,
    async refresh() {
      const headers = apiToken === undefined ? {} : { "dapr-api-token": apiToken };
      const reply = await fetch(`${url}/v1.0/metadata`, { headers }).catch(() => undefined);
      if (reply?.ok === true) metadata = (await reply.json()) as Metadata;
    },
    get stores() {
      return new Map(named("state.").map((name) => [name, { entries: () => [] }]));
    },
    get pubsubs() {
      return named("pubsub.");
    },
    get outputs() {
      return named("bindings.").map((name) => ({ name, operations: ["create", "get", "list", "delete"] }));
    },
    inputs: [],
    secrets: [],
    subscriptions: (): OverviewApp["subscriptions"] =>
      (metadata.subscriptions ?? []).map(({ pubsubname, topic, deadLetterTopic = "", rules = [] }) => ({
        pubsubName: pubsubname,
        topic,
        deadLetterTopic,
        rules: rules.map(({ match = "", path }) => ({ match, path })),
      })),
    fire: () => Promise.reject(new Error("daprd delivers the events of its bindings itself")),
  };
}
