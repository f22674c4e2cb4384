import { request, type IncomingHttpHeaders } from "node:http";
import { serve, type App, type Class, type Log, type ServeOptions } from "../../lib/index.js";
import { recordingSidecar, type RecordingSidecar } from "../support/recording-sidecar.js";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Sends a request as it is written, on a connection of its own, and resolves with its answer. */
export function send(to: { readonly port: number }, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { headers = {}, body } = sent;
    const isSized = body !== undefined && headers["transfer-encoding"] === undefined;
    const length: Record<string, string> = !isSized ? {} : { "content-length": `${Buffer.byteLength(body)}` };
    const options = {
      host: "127.0.0.1",
      port: to.port,
      method,
      path,
      headers: { ...length, ...headers },
      agent: false,
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: text,
          get json(): unknown {
            return JSON.parse(text);
          },
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export const json = { "content-type": "application/json" };

/** Sends JSON, as a sidecar does. */
export function post(to: { readonly port: number }, path: string, value: unknown, headers?: Record<string, string>) {
  return send(to, "POST", path, { headers: { ...json, ...headers }, body: JSON.stringify(value) });
}

/** Sends a CloudEvent as a sidecar delivers it. */
export function deliver(to: { readonly port: number }, path: string, event: object, headers?: Record<string, string>) {
  const whole = {
    id: "e-77",
    source: "shop",
    type: "com.dapr.event.sent",
    specversion: "1.0",
    datacontenttype: "application/json",
    topic: "orders",
    pubsubname: "bus",
    ...event,
  };
  return post(to, path, whole, { "content-type": "application/cloudevents+json", pubsubname: "bus", ...headers });
}

/** A log that keeps its lines, each behind its level. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (...args: unknown[]) =>
      void lines.push(`${level} ${args.map(String).join(" ")}`);
  return { lines, log: at("log"), info: at("info"), warn: at("warn"), error: at("error"), debug: at("debug") };
}

export interface Fixture {
  readonly app: App;
  readonly sidecar: RecordingSidecar;
  readonly log: ReturnType<typeof keptLog>;
}

/** Serves functions beside a recording sidecar; all of it ends with the spec that started it. */
export async function serving(functions: readonly (Class | object)[], options: ServeOptions = {}): Promise<Fixture> {
  const sidecar = await recordingSidecar();
  ends.push(() => sidecar.close());
  const log = keptLog();
  const app = await serve(functions, { port: 0, daprUrl: sidecar.url, log, ...options });
  ends.push(() => app.close());
  return { app, sidecar, log };
}

const ends: (() => Promise<void>)[] = [];

/** Ends with the spec, last first. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end);
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/**
 * Holds timers for the rest of the spec, so that a time limit is over when the spec says so: never before what it cuts
 * has begun, nor in the midst of what comes after it, however slow the machine is.
 *
 * @returns lets so many milliseconds pass
 */
export function heldTimers(): (milliseconds: number) => Promise<void> {
  jest.useFakeTimers({
    doNotFake: ["Date", "hrtime", "nextTick", "queueMicrotask", "setImmediate", "clearImmediate"],
  });
  atEnd(async () => void jest.useRealTimers());
  return (milliseconds) => jest.advanceTimersByTimeAsync(milliseconds);
}

/** Sets a variable for one spec; undefined removes it. */
export function withVariable(name: string, value: string | undefined): void {
  const before = process.env[name];
  assign(name, value);
  atEnd(async () => assign(name, before));
}

function assign(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

// What the check asks is not part of what functions send; specs of its own turn it on.
process.env["DAPR_DISABLE_SIDECAR_METADATA_CHECK"] = "true";
