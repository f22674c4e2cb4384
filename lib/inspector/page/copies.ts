import type { Call, InvocationRecord, RequestRecord } from "./wire.js";

/** Why an invocation cannot be made again; undefined when it can. */
export function obstacle({ request, trigger }: InvocationRecord): string | undefined {
  if (request === undefined) return "its request was not kept";
  if (request.body.isCut) return "its payload is too large to be kept whole";
  if (trigger.type === "topic")
    return eventsOf(request) === undefined ? "what it was given is not an event" : undefined;
  const [path = ""] = request.path.split("?");
  // It came to the app directly.
  return /\/\/|\/\.{1,2}(?:\/|$)|.\/$/.test(path) ? "a sidecar would fold its path" : undefined;
}

/** What is sent to the sidecar to make an invocation again. Only for one without an {@link obstacle}. */
export function requestOf({ trigger, appId, request }: InvocationRecord): Omit<Call, "appId"> {
  const { method, path, headers, body } = request!;
  if (trigger.type === "topic") return publicationOf(trigger.where, request!);
  // A sidecar undoes the escapes of the path once, and passes the query on as it is.
  const [route, query] = splitOnce(path.replace(/^\//, ""), "?");
  const target = `/v1.0/invoke/${enc(appId)}/method/${route.replaceAll("%", "%25")}`;
  return {
    method,
    path: query === undefined ? target : `${target}?${query}`,
    headers,
    ...(body.text !== "" && { body: body.text, isBase64: body.isBase64 }),
  };
}

/** What one event, or one entry of a bulk of them, is published as. */
interface KeptEvent {
  readonly body: string;
  readonly isRaw: boolean;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * An event goes out as it came, under a new id: the same source, type and data. What no publisher has wrapped goes out
 * as the bytes that it was.
 */
function publicationOf(where: string, request: RequestRecord): Omit<Call, "appId"> {
  const [pubsub, topic = ""] = splitOnce(where, "/");
  const place = `${enc(pubsub)}/${topic.split("/").map(enc).join("/")}`;
  const events = eventsOf(request)!;
  const [first] = events;
  if (events.length > 1 || first === undefined) {
    const entries = events.map(({ body, isRaw, contentType, metadata }, index) => {
      const event = isRaw ? JSON.stringify(body) : body;
      const own = JSON.stringify(metadata);
      return `{"entryId":"${index + 1}","event":${event},"contentType":${JSON.stringify(contentType)},"metadata":${own}}`;
    });
    const query = first?.isRaw === true ? "?metadata.rawPayload=true" : "";
    const headers = { "content-type": "application/json" };
    return { method: "POST", path: `/v1.0/publish/bulk/${place}${query}`, headers, body: `[${entries.join(",")}]` };
  }
  const { body, isRaw, contentType, metadata } = first;
  const pairs = Object.entries(metadata).map(([name, value]): [string, string] => [`metadata.${name}`, value]);
  if (isRaw) pairs.push(["metadata.rawPayload", "true"]);
  const query = pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
  const path = `/v1.0/publish/${place}${query}`;
  return { method: "POST", path, headers: { "content-type": contentType }, body, isBase64: isRaw };
}

/** Headers of a delivery that are no metadata of its event. */
const notMetadata: ReadonlySet<string> = new Set([
  "accept",
  "content-encoding",
  "content-type",
  "pubsubname",
  "rawpayload",
  "traceid",
  "user-agent",
]);

function metadataOf(members: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(members).filter(([name]) => !notMetadata.has(name.toLowerCase()));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** The events of a delivery; undefined where it is none. */
function eventsOf({ headers, body }: RequestRecord): readonly KeptEvent[] | undefined {
  if (body.isBase64) return undefined;
  try {
    const delivered = JSON.parse(body.text) as Readonly<Record<string, unknown>>;
    if (!("specversion" in delivered) && Array.isArray(delivered["entries"])) {
      return delivered["entries"].map((entry: Entry) => entryOf(entry));
    }
    return [eventOf(body.text, metadataOf(headers))];
  } catch {
    return undefined;
  }
}

interface Entry {
  readonly event: unknown;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

function entryOf({ event, contentType = octets, metadata }: Entry): KeptEvent {
  const own = metadataOf(metadata ?? {});
  if (typeof event === "string") return { body: event, isRaw: true, contentType, metadata: own };
  return eventOf(JSON.stringify(event), own);
}

const octets = "application/octet-stream";

/** What a publication gives an event anew. */
const givenAnew = ["id", "topic", "pubsubname", "traceid", "traceparent", "tracestate", "expiration"];

/** @throws SyntaxError, TypeError for what is no JSON object */
function eventOf(text: string, metadata: Readonly<Record<string, string>>): KeptEvent {
  const event = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { data_base64: bytes, specversion } = event;
  // A message that was published without an envelope is given to a raw subscription in one of these members alone.
  if (typeof bytes === "string" && !("traceid" in event) && !("time" in event)) {
    return { body: bytes, isRaw: true, contentType: octets, metadata };
  }
  if (specversion === undefined) {
    // Nor has it one where a subscription that is not raw gets it.
    return { body: toBase64(text), isRaw: true, contentType: octets, metadata };
  }
  const kept = membersOf(text).filter((member) => {
    const [name = ""] = Object.keys(JSON.parse(`{${member}}`) as object);
    return !givenAnew.includes(name);
  });
  const body = `{${[`"id":${JSON.stringify(crypto.randomUUID())}`, ...kept].join(",")}}`;
  return { body, isRaw: false, contentType: "application/cloudevents+json", metadata };
}

/** The members of a JSON object as they are written: numbers keep their spelling. */
function membersOf(json: string): readonly string[] {
  const members: string[] = [];
  let depth = 0;
  let from = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at]!;
    if (isText && char === "\\") at++;
    else if (char === '"') isText = !isText;
    else if (isText) continue;
    else if (depth === 1 && (char === "," || char === "}")) members.push(json.slice(from, at));
    if (isText) continue;
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    if (depth === 1 && (char === "," || char === "{")) from = at + 1;
  }
  return members.filter((member) => member.trim() !== "");
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function splitOnce(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * A command for a POSIX shell.
 *
 * @param hasToken the sidecar asks for the token, which the shell is to know
 */
export function toCurl(record: InvocationRecord, url: string, hasToken: boolean): string {
  const { method, path, headers = {}, body, isBase64 } = requestOf(record);
  const names = Object.entries(headers).filter(([name]) => name !== "content-type");
  const { "content-type": type = "" } = headers;
  // Of itself it would call any body a form.
  const given = body === undefined && type === "" ? names : [["content-type", type] as const, ...names];
  const options = [
    method === "HEAD" ? "--head" : `-X ${method}`,
    ...given.map(([name, value]) => `-H ${quoted(value === "" ? withoutValue(name) : `${name}: ${value}`)}`),
    ...(hasToken ? ['-H "dapr-api-token: $DAPR_API_TOKEN"'] : []),
    ...(body === undefined ? [] : [isBase64 ? "--data-binary @-" : `--data-raw ${quoted(body)}`]),
  ];
  const command = `curl ${[...options, "--globoff", quoted(url + path)].join(" ")}`;
  return isBase64 ? `printf %s ${quoted(body!)} | base64 -d | ${command}` : command;
}

/** With a colon curl leaves a header out, as it is to do with a type of its own; with a semicolon it sends it empty. */
function withoutValue(name: string): string {
  return name === "content-type" ? `${name}:` : `${name};`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function enc(part: string): string {
  return encodeURIComponent(part);
}
