import { obstacle, requestOf, toCurl } from "./copies.js";
import { block, byId, element, pretty, put, table } from "./elements.js";
import { drawMap, describe } from "./map.js";
import type {
  Call,
  CallReply,
  Change,
  DescribedFunction,
  InvocationRecord,
  MadeTest,
  Overview,
  OverviewApp,
  PublishedEvent,
  StateItem,
} from "./wire.js";

const maxRows = 10_000;
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const json = { "content-type": "application/json" };

const list = byId<HTMLOListElement>("list");
const filter = byId<HTMLInputElement>("filter");
const failedOnly = byId<HTMLInputElement>("failed");
const panel = byId("panel");

/** By invocation; the latest last. */
const records = new Map<string, InvocationRecord>();
const rows = new Map<string, HTMLLIElement>();
let events: PublishedEvent[] = [];
let functions: readonly DescribedFunction[] = [];
let overview: Overview = { apps: [] };
let chosen: string | undefined;
let tab = "State";

function api(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), ...(token !== null && { "dapr-api-token": token }) };
  return fetch(`api/${path}`, { ...init, headers });
}

/** @returns of what the inspector does not pass on, why, and that it was not */
async function call(request: Call): Promise<CallReply & { readonly isRefused?: true }> {
  const response = await api("call", { method: "POST", headers: json, body: JSON.stringify(request) });
  const reply = (await response.json()) as CallReply | { readonly message: string };
  return "message" in reply ? { status: response.status, body: reply.message, isRefused: true } : reply;
}

function say(text: string): void {
  byId("status").textContent = text;
}

/* The stream. */

async function listen(): Promise<void> {
  for (;;) {
    try {
      const response = await api("stream");
      if (!response.ok || response.body === null) throw new Error(await response.text());
      say("connected");
      await refresh();
      await readLines(response.body, (line) => {
        if (line.startsWith("data: ")) take(JSON.parse(line.slice(6)) as Change | Begin);
      });
      throw new Error("the sidecar has ended");
    } catch (error) {
      say(`not connected: ${error instanceof Error ? error.message.trim() : String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

interface Begin {
  readonly type: "begin";
  readonly records: readonly InvocationRecord[];
  readonly events: readonly PublishedEvent[];
}

async function readLines(body: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
}

function take(change: Change | Begin): void {
  switch (change.type) {
    case "begin":
      clear();
      for (const record of change.records) keep(record);
      events = [...change.events];
      return draw();
    case "invocation":
      keep(change.record);
      return draw();
    case "event":
      events.push(change.event);
      if (events.length > 200) events.shift();
      if (tab === "Topics") drawEvents();
      return;
    case "functions":
      functions = change.functions;
      void refresh();
      return;
    case "notice":
      return notice(change.text);
  }
}

function notice(text: string): void {
  const place = byId("notice");
  place.hidden = text === "";
  place.textContent = text;
}

/* The list: its changes are drawn once a frame, however many come. */

const dirty = new Set<string>();
let isDrawing = false;

function keep(record: InvocationRecord): void {
  records.set(record.id, record);
  dirty.add(record.id);
  for (const id of records.keys()) {
    if (records.size <= maxRows) break;
    records.delete(id);
    rows.get(id)?.remove();
    rows.delete(id);
  }
}

function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    const fresh: HTMLLIElement[] = [];
    for (const id of dirty) {
      const record = records.get(id);
      if (record === undefined) continue;
      const row = rows.get(id);
      if (row === undefined) fresh.push(newRow(record));
      else fill(row, record);
      if (id === chosen) show(record);
    }
    dirty.clear();
    list.prepend(...fresh.reverse());
    byId("none").hidden = records.size > 0;
  });
}

function newRow(record: InvocationRecord): HTMLLIElement {
  const row = element("li", { role: "option", id: `i-${record.id}`, "aria-selected": String(record.id === chosen) });
  rows.set(record.id, row);
  fill(row, record);
  return row;
}

function fill(row: HTMLLIElement, record: InvocationRecord): void {
  const { begun, appId, functionName, trigger, ms, failure, attempt } = record;
  const name = overview.apps.length > 1 ? `${appId}/${functionName}` : functionName;
  const state = ms === undefined ? "runs" : failure === undefined ? "done" : "failed";
  row.replaceChildren(
    element("span", { class: "dim" }, new Date(begun).toTimeString().slice(0, 8)),
    element(
      "span",
      { class: state === "failed" ? "bad" : "" },
      `${state === "failed" ? "✗ " : ""}${name} ${trigger.where}${attempt > 1 ? ` (attempt ${attempt})` : ""}`,
      element("span", { class: "hidden" }, `, ${state}`),
    ),
    element("span", { class: "ms dim" }, ms === undefined ? "…" : `${ms} ms`),
  );
  row.hidden = !matches(record);
}

function matches(record: InvocationRecord): boolean {
  if (failedOnly.checked && record.failure === undefined) return false;
  const text = filter.value.trim().toLowerCase();
  if (text === "") return true;
  const { appId, functionName, trigger, payload, request, reply, failure } = record;
  const texts = [appId, functionName, trigger.where, (payload ?? request?.body)?.text, reply?.text, failure?.message];
  return texts.some((part) => part?.toLowerCase().includes(text));
}

function refilter(): void {
  for (const [id, row] of rows) row.hidden = !matches(records.get(id)!);
}

function clear(): void {
  records.clear();
  rows.clear();
  list.replaceChildren();
  byId("none").hidden = false;
}

function choose(id: string): void {
  rows.get(chosen ?? "")?.setAttribute("aria-selected", "false");
  chosen = id;
  const row = rows.get(id);
  const record = records.get(id);
  if (row === undefined || record === undefined) return;
  row.setAttribute("aria-selected", "true");
  list.setAttribute("aria-activedescendant", row.id);
  row.scrollIntoView({ block: "nearest" });
  show(record);
}

list.addEventListener("click", (event) => {
  const row = (event.target as Element).closest("li");
  if (row !== null) choose(row.id.slice(2));
});
list.addEventListener("keydown", (event) => {
  const visible = [...list.children].filter((row) => !(row as HTMLElement).hidden);
  const at = visible.findIndex((row) => row.id === `i-${chosen}`);
  const next = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: visible.length - 1 }[event.key];
  const row = next === undefined ? undefined : visible[Math.min(next, visible.length - 1)];
  if (row === undefined) return;
  event.preventDefault();
  choose(row.id.slice(2));
});
filter.addEventListener("input", refilter);
failedOnly.addEventListener("change", refilter);
byId("clear").addEventListener("click", clear);

/* The detail. */

function show(record: InvocationRecord): void {
  const { functionName, appId, trigger, begun, ms, attempt, reads, items, requests, reply, failure, log } = record;
  const { leftOut = [] } = record.request ?? {};
  byId("detail-title").textContent = functionName;
  const facts: [string, string][] = [
    ["app", appId],
    ["trigger", `${trigger.type} ${trigger.where}`],
    ["begun", new Date(begun).toISOString()],
    ["took", ms === undefined ? "runs" : `${ms} ms`],
    ["attempt", String(attempt)],
    ["id", record.id],
    ...(leftOut.length === 0 ? [] : [["not kept", leftOut.join(", ")] as [string, string]]),
  ];
  const state = failure === undefined ? [] : failureNodes(failure);
  put(
    byId("record"),
    record.id,
    buttonsOf(record),
    ...state,
    element(
      "table",
      { "aria-label": "Facts" },
      element(
        "tbody",
        {},
        ...facts.map(([name, text]) =>
          element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, text)),
        ),
      ),
    ),
    ...payloadNodes(record),
    ...table(
      "Inputs",
      ["name", "from", "value", "ms"],
      reads.map(({ name, what, value, error, ms: took }) => [
        name,
        what,
        error === undefined ? (value?.text ?? "") : bad(error),
        String(took),
      ]),
    ),
    ...table(
      "Collected items",
      ["output", "item"],
      items.map(({ name, verb, value }) => [verb === "remove" ? `${name} (remove)` : name, value.text]),
    ),
    ...table(
      "Requests sent",
      ["output", "to", "items", "ms", "outcome"],
      requests.map(({ name, what, count = 1, ms: took, error }) => [
        name,
        what,
        String(count),
        String(took),
        error === undefined ? "sent" : bad(error),
      ]),
    ),
    ...(reply === undefined || failure !== undefined ? [] : block("Reply", reply.text === "" ? "nothing" : reply.text)),
    ...(log.length === 0 ? [] : block("Log", log.join("\n"))),
  );
}

/** The payload, or what came where the function reads that itself, or where it could not be read. */
function payloadNodes({ payload, request, trigger }: InvocationRecord): Node[] {
  const text = payload?.text ?? (request?.body.isBase64 === true ? `base64: ${request.body.text}` : request?.body.text);
  const shown = text === undefined || text === "" ? [] : block("Payload", text);
  if (request === undefined || (trigger.type !== "http" && trigger.type !== "invoke")) return shown;
  const rows = Object.entries(request.headers);
  if (rows.length === 0) return shown;
  return [
    ...shown,
    element("details", {}, element("summary", {}, "Headers"), ...table("Headers", ["name", "value"], rows)),
  ];
}

function failureNodes({ errorCode, message, cause, place }: NonNullable<InvocationRecord["failure"]>): Node[] {
  const why = cause === undefined ? [] : [element("p", {}, `caused by ${cause}`)];
  const where = place === undefined ? [] : [element("p", { class: "dim" }, `at ${place}`)];
  return [element("h3", { class: "bad" }, `Failed: ${errorCode}`), element("p", {}, message), ...why, ...where];
}

function bad(text: string): HTMLElement {
  return element("span", { class: "bad" }, text);
}

function buttonsOf(record: InvocationRecord): HTMLElement {
  const reason = obstacle(record);
  const described = functions.find(({ appId, name }) => appId === record.appId && name === record.functionName);
  const url = overview.apps.find(({ appId }) => appId === record.appId)?.url ?? location.origin;
  const disabled = reason !== undefined;
  const button = (text: string, onclick: () => unknown, off = disabled) =>
    element(
      "button",
      { type: "button", onclick, disabled: off, title: off ? (reason ?? "not possible") : undefined },
      text,
    );
  return element(
    "div",
    { class: "buttons" },
    button("Send again", () => again(record)),
    button("Copy as curl", () => copy(toCurl(record, url, token !== null), `curl command copied${without(record)}`)),
    button("Copy as test", () => copyTest(record), record.ms === undefined || described === undefined),
  );
}

async function again(record: InvocationRecord): Promise<void> {
  const { status, body, isRefused } = await call({ appId: record.appId, ...requestOf(record) });
  // Of a publication it is the sidecar's own answer; of the others, what the function says.
  const isNotSent = isRefused === true || (record.trigger.type === "topic" && status >= 400);
  say(isNotSent ? `not sent again: ${status} ${body}` : `sent again: ${status}${without(record)}`);
}

async function copyTest({ id }: InvocationRecord): Promise<void> {
  const made = (await (await api(`test?id=${encodeURIComponent(id)}`)).json()) as MadeTest;
  if ("test" in made) await copy(made.test, "test copied");
  else say(`no test of it: ${made.obstacle}`);
}

/** Says what is not there that the request came with. */
function without({ request }: InvocationRecord): string {
  const { leftOut = [] } = request ?? {};
  return leftOut.length === 0 ? "" : ` (without ${leftOut.join(", ")}: credentials are not kept)`;
}

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    byId("record").prepend(element("textarea", { "aria-label": "Copy this", readonly: true }, text));
    say("the clipboard is not open to this page: copy the text above");
  }
}

/* State, topics, bindings, secrets, map. */

const tabs: Readonly<Record<string, () => unknown>> = {
  State: drawState,
  Topics: drawTopics,
  Bindings: drawBindings,
  Secrets: drawSecrets,
  Map: () =>
    put(
      panel,
      tab,
      drawMap(functions),
      element("details", {}, element("summary", {}, "In words"), element("p", {}, describe(functions))),
    ),
};

function drawTabs(): void {
  byId("tabs").replaceChildren(
    ...Object.keys(tabs).map((name) =>
      element(
        "button",
        {
          role: "tab",
          id: `tab-${name}`,
          type: "button",
          "aria-selected": String(name === tab),
          "aria-controls": "panel",
          tabindex: name === tab ? "0" : "-1",
          onclick: () => open(name),
        },
        name,
      ),
    ),
  );
  panel.setAttribute("aria-labelledby", `tab-${tab}`);
  void tabs[tab]!();
}

function open(name: string): void {
  tab = name;
  drawTabs();
  byId(`tab-${name}`).focus();
}

byId("tabs").addEventListener("keydown", (event) => {
  const names = Object.keys(tabs);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  open(names[(names.indexOf(tab) + step + names.length) % names.length]!);
});

let refreshes = 0;

/** Draws anew only what has changed: somebody may be writing into a box. */
async function refresh(): Promise<void> {
  const turn = ++refreshes;
  const fresh = (await (await api("overview")).json()) as Overview;
  // A later one says more, whichever is answered first.
  if (turn !== refreshes) return;
  // Each version of an app that is watched has a port of its own, which no tab shows.
  const shown = ({ apps }: Overview) => JSON.stringify(apps.map((app) => ({ ...app, appPort: undefined })));
  const isSame = shown(fresh) === shown(overview);
  overview = fresh;
  byId("apps").textContent = overview.apps
    .map(({ appId, appPort }) => `${appId}${appPort === undefined ? "" : ` :${appPort}`}`)
    .join(", ");
  if (!isSame || tab === "Map") void tabs[tab]!();
}

function pairs<T>(of: (app: OverviewApp) => readonly T[]): { readonly app: OverviewApp; readonly part: T }[] {
  return overview.apps.flatMap((app) => of(app).map((part) => ({ app, part })));
}

function option(text: string, value = text): HTMLOptionElement {
  return element("option", { value }, text);
}

/** Why text is not JSON; undefined when it is. */
function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function labelled(text: string, control: HTMLElement): HTMLElement {
  return element("label", {}, text, control);
}

let store = "";
let stateDraws = 0;

async function drawState(): Promise<void> {
  const turn = ++stateDraws;
  const stores = pairs(({ stores: names }) => names);
  if (stores.length === 0) return put(panel, tab, element("p", {}, "There is no state store."));
  const names = stores.map(({ app, part }) => `${app.appId} / ${part}`);
  if (!names.includes(store)) store = names[0]!;
  const select: HTMLSelectElement = element(
    "select",
    { onchange: () => ((store = select.value), void drawState()) },
    ...names.map((name) => option(name)),
  );
  select.value = store;
  const { app, part } = stores[names.indexOf(store)]!;
  const place = new URLSearchParams({ app: app.appId, store: part });
  const { items, total } = (await (await api(`state?${place}`)).json()) as {
    items: readonly StateItem[];
    total: number;
  };
  // Another tab may have been opened meanwhile, or another store, or the same one again.
  if (tab !== "State" || turn !== stateDraws) return;
  const key = element("input", { autocomplete: "off", required: true });
  const value = element("textarea", { spellcheck: "false" });
  const path = `/v1.0/state/${encodeURIComponent(part)}`;
  const form = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), save()) },
    labelled("Key", key),
    labelled("Value (JSON)", value),
    element(
      "div",
      { class: "buttons" },
      element("button", {}, "Save"),
      element("button", { type: "button", onclick: read }, "Read"),
      element("button", { type: "button", onclick: remove }, "Delete"),
    ),
  );
  async function read(): Promise<void> {
    const asked = key.value;
    const { status, body } = await call({
      appId: app.appId,
      method: "GET",
      path: `${path}/${encodeURIComponent(asked)}`,
    });
    // Another key may have been chosen meanwhile, under which it would be saved.
    if (key.value !== asked) return;
    value.value = status === 200 ? pretty(body) : "";
    say(
      status === 200
        ? `read ${key.value}`
        : status === 204
          ? `there is no ${key.value}`
          : `not read: ${status} ${body}`,
    );
  }
  async function save(): Promise<void> {
    const fault = faultOf(value.value);
    if (fault !== undefined) return say(`not saved: the value is not JSON (${fault})`);
    const body = `[{"key":${JSON.stringify(key.value)},"value":${value.value}}]`;
    const { status, body: text } = await call({ appId: app.appId, method: "POST", path, headers: json, body });
    say(status === 204 ? `saved ${key.value}` : `not saved: ${status} ${text}`);
    await drawState();
  }
  async function remove(): Promise<void> {
    const { status, body } = await call({
      appId: app.appId,
      method: "DELETE",
      path: `${path}/${encodeURIComponent(key.value)}`,
    });
    say(status === 204 ? `deleted ${key.value}` : `not deleted: ${status} ${body}`);
    await drawState();
  }
  const edit = (item: StateItem) => {
    key.value = item.key;
    value.value = pretty(item.value);
    value.focus();
  };
  const keys = items.map((item) =>
    element("li", {}, element("button", { type: "button", onclick: () => edit(item) }, item.key)),
  );
  put(
    panel,
    tab,
    element(
      "div",
      { class: "buttons" },
      labelled("Store", select),
      element("button", { type: "button", onclick: () => drawState() }, "Refresh"),
    ),
    element(
      "h3",
      {},
      !app.listsKeys
        ? "Dapr does not list keys: write one below, and read it"
        : total === 0
          ? "No keys"
          : `${total} ${total === 1 ? "key" : "keys"}${total > items.length ? `, the first ${items.length}` : ""}`,
    ),
    element("ul", { class: "plain" }, ...keys),
    element("h3", {}, "Edit"),
    form,
  );
}

function drawTopics(): void {
  const pubsubs = pairs(({ pubsubs: names }) => names);
  if (pubsubs.length === 0) return put(panel, tab, element("p", {}, "There is no pubsub component."));
  const subscriptions = pairs(({ subscriptions: all }) => all);
  const component = element(
    "select",
    {},
    ...pubsubs.map(({ app, part }, index) => option(`${part} (as ${app.appId})`, String(index))),
  );
  const topic = element("input", { required: true, autocomplete: "off", list: "topics" });
  const topics = [...new Set(subscriptions.map(({ part }) => part.topic))];
  const data = element("textarea", { spellcheck: "false" });
  data.value = "{}";
  async function publish(): Promise<void> {
    const fault = faultOf(data.value);
    if (fault !== undefined) return say(`not published: the data is not JSON (${fault})`);
    const { app, part } = pubsubs[Number(component.value)]!;
    const path = `/v1.0/publish/${encodeURIComponent(part)}/${topic.value.split("/").map(encodeURIComponent).join("/")}`;
    const { status, body } = await call({ appId: app.appId, method: "POST", path, headers: json, body: data.value });
    say(status === 204 ? `published to ${topic.value}` : `not published: ${status} ${body}`);
  }
  put(
    panel,
    tab,
    ...table(
      "Subscriptions",
      ["app", "topic", "route"],
      subscriptions.map(({ app, part }) => [
        app.appId,
        `${part.pubsubName}/${part.topic}${part.deadLetterTopic === "" ? "" : `, dead letters to ${part.deadLetterTopic}`}`,
        part.rules.map(({ match, path }) => (match === "" ? path : `${path} if ${match}`)).join(", "),
      ]),
    ),
    element("h3", {}, "Publish"),
    element(
      "form",
      { onsubmit: (event) => (event.preventDefault(), publish()) },
      labelled("Component", component),
      labelled("Topic", topic),
      element("datalist", { id: "topics" }, ...topics.map((name) => option(name))),
      labelled("Data (JSON)", data),
      element("div", { class: "buttons" }, element("button", {}, "Publish")),
    ),
    element("div", { id: "events" }),
  );
  drawEvents();
}

function drawEvents(): void {
  const rowsOf = [...events].reverse().slice(0, 50);
  byId("events")?.replaceChildren(
    ...table(
      "Recent events",
      ["time", "topic", "event"],
      rowsOf.map(({ at, pubsub, topic, data }) => [
        new Date(at).toTimeString().slice(0, 8),
        `${pubsub}/${topic}`,
        data.text,
      ]),
    ),
  );
}

function drawBindings(): void {
  const outputs = pairs(({ outputs: all }) => all);
  const inputs = pairs(({ inputs: all }) => all);
  if (outputs.length + inputs.length === 0) return put(panel, tab, element("p", {}, "There is no binding."));
  const forms = outputs.map(({ app, part }) => {
    const operation = element("select", {}, ...part.operations.map((name) => option(name)));
    const data = element("textarea", { spellcheck: "false" });
    data.value = "{}";
    async function invoke(): Promise<void> {
      const text = data.value.trim() === "" ? "null" : data.value;
      const fault = faultOf(text);
      if (fault !== undefined) return say(`not invoked: the data is not JSON (${fault})`);
      const body = `{"operation":${JSON.stringify(operation.value)},"data":${text}}`;
      const path = `/v1.0/bindings/${encodeURIComponent(part.name)}`;
      const reply = await call({ appId: app.appId, method: "POST", path, headers: json, body });
      say(`${part.name} answered ${reply.status} ${reply.body.slice(0, 200)}`);
    }
    return element(
      "form",
      { onsubmit: (event) => (event.preventDefault(), invoke()), "aria-label": part.name },
      element("h3", {}, `${part.name} (output, as ${app.appId})`),
      labelled("Operation", operation),
      labelled("Data (JSON)", data),
      element("div", { class: "buttons" }, element("button", {}, `Invoke ${part.name}`)),
    );
  });
  const buttons = inputs.map(({ app, part }) =>
    element(
      "li",
      {},
      `${part} → ${app.appId} `,
      element("button", { type: "button", onclick: () => fire(app.appId, part) }, `Fire ${part}`),
    ),
  );
  put(
    panel,
    tab,
    ...(inputs.length > 0 ? [element("h3", {}, "Inputs"), element("ul", { class: "plain" }, ...buttons)] : []),
    ...forms,
  );
}

async function fire(appId: string, binding: string): Promise<void> {
  const response = await api(`fire?${new URLSearchParams({ app: appId, binding })}`, { method: "POST" });
  const { message } = (await response.json()) as { message?: string };
  say(message === undefined ? `fired ${binding}` : `not fired: ${message}`);
}

function drawSecrets(): void {
  const secrets = pairs(({ secrets: all }) => all);
  if (secrets.length === 0) return put(panel, tab, element("p", {}, "There is no secret store."));
  put(
    panel,
    tab,
    element("p", { class: "dim" }, "Names only: values are not shown, and this page cannot read them."),
    ...secrets.flatMap(({ app, part }) => [
      element("h3", {}, `${part.name} (as ${app.appId})`),
      element("ul", {}, ...part.keys.map((key) => element("li", {}, key))),
    ]),
  );
}

drawTabs();
void listen();
