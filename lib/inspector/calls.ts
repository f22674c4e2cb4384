import { randomUUID } from "node:crypto";
import type { Deliveries } from "./deliveries.js";
import type { InvocationRecord, Preview, RequestRecord, TriggerText } from "./page/wire.js";
import { previewOf } from "./records.js";
import { requestRecordOf } from "./requests.js";

/** A request that a sidecar makes to its app. */
export interface AppCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | string | undefined;
}

export interface AppCallReply {
  readonly status: number;
  readonly body: Buffer;
}

const maxText = 16 * 1024;

/**
 * Makes a record of a sidecar's call to its app, for apps that make none of their own. What Dapr asks of an app itself
 * is left out.
 */
export async function recordCall<R extends AppCallReply>(
  appId: string,
  call: AppCall,
  send: () => Promise<R>,
  deliveries: Deliveries,
  onRecord: (record: InvocationRecord) => void,
): Promise<R> {
  if (call.method === "OPTIONS" || call.path.startsWith("/dapr/")) return send();
  const from = performance.now();
  const request = requestOf(call);
  const functionName = nameOf(call.path);
  const event = eventOf(call);
  const { source, id } = event ?? {};
  const isCounted = typeof source === "string" && typeof id === "string";
  const { isBase64, ...text } = request.body;
  const record: InvocationRecord = {
    id: randomUUID(),
    appId,
    functionName,
    trigger: triggerOf(call, event),
    begun: Date.now(),
    attempt: isCounted ? deliveries.attemptOf(`${appId}/${functionName}`, { source, id }) : 1,
    payload: isBase64 ? previewOf(call.body) : text,
    request,
    reads: [],
    items: [],
    requests: [],
    log: [],
  };
  onRecord(record);
  const end = (more: Partial<InvocationRecord>) =>
    onRecord({ ...record, ...more, ms: Math.round((performance.now() - from) * 10) / 10 });
  try {
    const reply = await send();
    const text = preview(reply.body);
    const failure = { errorCode: `HTTP ${reply.status}`, message: text.text.slice(0, 500) || "without a body" };
    end(reply.status >= 400 ? { failure } : { reply: text });
    return reply;
  } catch (error) {
    end({ failure: { errorCode: "no answer", message: error instanceof Error ? error.message : String(error) } });
    throw error;
  }
}

function nameOf(path: string): string {
  const [route = path] = path.split("?");
  return route.replace(/^\//, "") || "/";
}

function triggerOf({ method, path, headers }: AppCall, event: Event | undefined): TriggerText {
  if (event !== undefined) return { type: "topic", where: `${event.pubsubname}/${event.topic}` };
  if (headers["readtimeutc"] !== undefined) return { type: "binding", where: nameOf(path) };
  return { type: "invoke", where: `${method} ${path}` };
}

/** As it is sent: whether it is of an HTTP function is the app's to know. */
function requestOf({ method, path, headers, body = "" }: AppCall): RequestRecord {
  const rawHeaders = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return requestRecordOf(
    { method, target: path.startsWith("/") ? path : `/${path}`, rawHeaders, body: bytes },
    { isHttp: false, isInflated: false },
  );
}

/** What a delivery says of its event; of a raw message, and of several in one request, not all of it is there. */
interface Event {
  readonly pubsubname: string;
  readonly topic: string;
  readonly source?: unknown;
  readonly id?: unknown;
}

function eventOf({ headers, body }: AppCall): Event | undefined {
  const { pubsubname } = headers;
  if (typeof pubsubname !== "string") return undefined;
  try {
    const { topic, source, id } = JSON.parse(String(body)) as Readonly<Record<string, unknown>>;
    return { pubsubname, topic: typeof topic === "string" ? topic : "?", source, id };
  } catch {
    return { pubsubname, topic: "?" };
  }
}

function preview(body: Buffer): Preview {
  return { text: body.subarray(0, maxText).toString("utf8"), isCut: body.length > maxText };
}
