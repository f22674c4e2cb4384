import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { startSidecar } from "../../lib/sidecar/index.js";
import { startDaprd } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";

// An event may take its time on a busy machine; what fails says so itself, before this.
jest.setTimeout(90_000);

export interface StartOptions {
  /** Resource files as one would give them to Dapr, by name. */
  readonly components: Readonly<Record<string, string>>;
  /** The app that the sidecar stands beside. It need not listen yet when `awaitApp` is false. */
  readonly app?: { readonly port: number } | undefined;
  /** False: resolve as soon as the API answers. */
  readonly awaitApp?: boolean | undefined;
  readonly apiToken?: string | undefined;
  readonly appToken?: string | undefined;
}

/** A sidecar under test, whichever it is. */
export interface Contender {
  readonly appId: string;
  readonly url: string;
  /** For clients of Dapr's gRPC API; the embedded sidecar has none. */
  readonly grpcPort: number | undefined;
  /** Resolves once the app has been asked what it wants; how long that takes is up to the app. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export type Start = (options: StartOptions) => Promise<Contender>;

const starters = { daprd: startOnDaprd, embedded: startEmbedded } satisfies Record<string, Start>;
export type SidecarName = keyof typeof starters;

/**
 * One part of the contract, for each sidecar that there is. The reporter of the test run counts cases by the name in
 * brackets. With `CI=true` a missing daprd fails.
 */
export function contract(part: string, cases: (start: Start) => void): void {
  const hasDaprd = canRun("the contract suite on daprd", "daprd");
  for (const name of Object.keys(starters) as SidecarName[]) {
    if (name === "daprd" && !hasDaprd) continue;
    describe(`${part} [${name}]`, () => cases(starters[name]));
  }
}

export async function startOnDaprd(options: StartOptions): Promise<Contender> {
  const appId = newAppId();
  const daprd = await startDaprd({
    appId,
    appPort: options.app?.port,
    resources: [folderOf(options.components)],
    apiToken: options.apiToken,
    appToken: options.appToken,
  });
  if (options.awaitApp !== false) await daprd.ready;
  return { appId, url: daprd.url, grpcPort: daprd.ports.grpc, ready: daprd.ready, close: () => daprd.close() };
}

async function startEmbedded(options: StartOptions): Promise<Contender> {
  const appId = newAppId();
  const sidecar = await startSidecar({
    appId,
    appPort: options.app?.port,
    components: folderOf(options.components),
    apiToken: options.apiToken,
    appToken: options.appToken,
    log: { info: () => undefined, warn: () => undefined },
  });
  if (options.app && options.awaitApp !== false) await sidecar.ready;
  return { appId, url: sidecar.url, grpcPort: undefined, ready: sidecar.ready, close: () => sidecar.close() };
}

/** New for each start: a daprd without SQLite finds apps by multicast, and must not find those of another spec. */
function newAppId(): string {
  return `app-${randomBytes(6).toString("hex")}`;
}

function folderOf(components: StartOptions["components"]): string {
  const folder = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "components-"));
  for (const [name, text] of Object.entries(components)) writeFileSync(join(folder, `${name}.yaml`), text);
  return folder;
}

/** The text of a component file. */
export function component(
  name: string,
  type: string,
  metadata: Readonly<Record<string, string>> = {},
  more: { readonly scopes?: readonly string[] } = {},
): string {
  return JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name },
    spec: { type, version: "v1", metadata: Object.entries(metadata).map(([key, value]) => ({ name: key, value })) },
    ...more,
  });
}

export interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly etag: string | undefined;
  /** Headers whose names start with `metadata.`, without that prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body parsed, undefined when it is not JSON. */
  readonly json: unknown;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON text with its content type, unless it is text or bytes. */
  readonly body?: unknown;
}

/** One request, its path sent as it is given: no normalisation, a body on any verb. */
export function call(url: string, method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  const { body } = options;
  const raw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const content = raw ? Buffer.from(body ?? "") : Buffer.from(JSON.stringify(body));
  const headers = {
    ...(raw ? {} : { "content-type": "application/json" }),
    "content-length": String(content.length),
    ...options.headers,
  };
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(replyOf(response.statusCode!, response.headers, Buffer.concat(chunks))));
    });
    sent.on("error", reject);
    sent.end(content);
  });
}

function replyOf(status: number, raw: NodeJS.Dict<string | string[]>, body: Buffer): Reply {
  const headers: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    headers[name] = String(value);
    if (name.startsWith("metadata.")) metadata[name.slice("metadata.".length)] = String(value);
  }
  const text = body.toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status, type: headers["content-type"], etag: headers.etag, metadata, headers, text, json };
}

/** `encodeURIComponent`, and what that leaves to mean "this folder" or "its parent". */
export function enc(part: string): string {
  return part === "." || part === ".." ? part.replaceAll(".", "%2E") : encodeURIComponent(part);
}

/** Names and keys that a path, a query or a template could bend. */
export const awkward = [
  "a/b",
  "a?b",
  "a#b",
  "a%b",
  "a%2Fb",
  "a+b",
  "a b",
  "é",
  "日本",
  "..",
  ".",
  "x/../y",
  "a//b",
  "/a",
  "a/",
  "a.b.c",
  "a&b=c",
  "a;b:c",
  "{x}",
  "%y%",
  '"q"',
  "back\\slash",
] as const;

/** As awkward as a component's name may be: daprd skips files that have `/` or `%` in it. */
export const awkwardName = "my part?#+&é.v1";
