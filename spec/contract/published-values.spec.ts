import { DaprPublish, DaprServiceInvocationTrigger, DaprTopicTrigger, serve } from "../../lib/index.js";
import type { App, CloudEvent, PublishCollector } from "../../lib/index.js";
import { freePort } from "../support/daprd.js";
import { call, component, contract, type Contender } from "./harness.js";

/** What a publisher gives to `add`, and what then arrives; a text is what `add` says when it refuses. */
type Row = readonly [value: unknown, contentType: string | undefined, arrives: unknown];

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff, 0x00, 0xfe);
const jsonBytes = Buffer.from('{"a":1}');
const refused = (message: string): { readonly refused: string } => ({ refused: message });
const notJson = refused("the bytes are not JSON");
const notText = refused("the bytes are not text in UTF-8");

/** By content type: bytes that are not text, bytes that hold JSON, text, an object. */
const table: readonly Row[] = [
  [png, undefined, png],
  [png, "application/octet-stream", png],
  [png, "Application/Octet-Stream; a=b", png],
  [png, "image/png", png],
  [png, "application/pdf", png],
  [png, "application/x-protobuf", png],
  [png, "application/protobuf", png],
  [png, "avro/binary", png],
  [png, "application/xml", png],
  [png, "application/json", notJson],
  [png, "application/vnd.shop.order+json", notJson],
  [png, "application/cloudevents+json", notJson],
  [png, "text/plain", notText],
  [png, "text/csv; charset=utf-8", notText],
  [jsonBytes, undefined, jsonBytes],
  [jsonBytes, "application/octet-stream", jsonBytes],
  [jsonBytes, "application/x-protobuf", jsonBytes],
  [jsonBytes, "application/json", { a: 1 }],
  [jsonBytes, "application/json; charset=utf-8", { a: 1 }],
  [jsonBytes, "application/vnd.shop.order+json", { a: 1 }],
  [jsonBytes, "text/plain", '{"a":1}'],
  [new Uint8Array(), undefined, new Uint8Array()],
  [new Uint8Array(), "image/png", new Uint8Array()],
  [{ a: "é", b: [1.5, null] }, undefined, { a: "é", b: [1.5, null] }],
  [{ a: 1 }, "application/json", { a: 1 }],
  [{ a: 1 }, "application/vnd.shop.order+json", { a: 1 }],
  [{ a: 1 }, " application/json ; charset=UTF-8", { a: 1 }],
  [{ a: 1 }, "image/png", refused("an object cannot be sent as image/png")],
  [{ a: 1 }, "text/plain", refused("an object cannot be sent as text/plain")],
  ["two words", undefined, "two words"],
  ["two words", "application/json", "two words"],
  ["two words", "text/plain", "two words"],
  ["<o/>", "application/xml", "<o/>"],
  ["two words", "application/octet-stream", Buffer.from("two words")],
  ["{}", "text/plain", "{}"],
  ["", "text/plain", ""],
  ["", undefined, ""],
  [0, undefined, 0],
  [false, undefined, false],
  [null, undefined, null],
  ["half \ud800", undefined, refused("half of a surrogate pair")],
  ["half \ud800", "text/plain", refused("half of a surrogate pair")],
  [{ "\udc00": 1 }, undefined, refused("half of a surrogate pair")],
  [Buffer.from('{"s":"a\\uD800b"}'), "application/json", refused("half of a surrogate pair")],
  [Buffer.from('["\\udc00\\ud800"]'), "application/vnd.shop.order+json", refused("half of a surrogate pair")],
  [Buffer.from('"\\uD83D\\uDE00"'), "application/json", "😀"],
  [Buffer.from("hello", "utf16le"), "text/plain; charset=utf-16le", "hello"],
  [Buffer.from("\ufeffhé", "utf16le").swap16(), "text/plain; charset=utf-16", "hé"],
  [Buffer.from("é"), "text/plain; charset=iso-8859-1", "Ã©"],
  [Buffer.from('{"name":"Zoë"}', "latin1"), "application/json; charset=iso-8859-1", { name: "Zoë" }],
  [png, "text/plain; charset=shift_jis", refused("the bytes are not text in shift_jis")],
  ["Zoë", "text/plain; charset=iso-8859-1", "Zoë"],
  ["whole 😀 \\ud800", undefined, "whole 😀 \\ud800"],
];

class Functions {
  readonly seen = new Map<string, unknown>();
  readonly waiting = new Map<string, (data: unknown) => void>();
  rawCount = 0;

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "one", pubSubName: "bus", topic: "published" })
  single(row: number, { one }: { one: PublishCollector<unknown> }): void {
    this.#add(one, row, [`single-${row}`]);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "several", pubSubName: "bus", topic: "published", bulk: true })
  bulk(row: number, { several }: { several: PublishCollector<unknown> }): void {
    this.#add(several, row, [`bulk-${row}`, `bulk-${row}-again`]);
  }

  @DaprServiceInvocationTrigger()
  @DaprPublish({ name: "raw", pubSubName: "bus", topic: "raw", bulk: true })
  publishRaw(row: number, { raw }: { raw: PublishCollector<unknown> }): void {
    const [value, contentType] = table[row]!;
    raw.add(value, { contentType, metadata: { rawPayload: true } });
  }

  #add(collector: PublishCollector<unknown>, row: number, ids: readonly string[]): void {
    const [value, contentType] = table[row]!;
    for (const id of ids) collector.add(value, { contentType, metadata: { "cloudevent.id": id } });
  }

  @DaprTopicTrigger({ pubSubName: "bus" })
  published({ id, data }: CloudEvent): void {
    this.see(id, data);
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "raw", metadata: { rawPayload: "true" } })
  rawly({ data }: CloudEvent): void {
    this.see(`raw-${++this.rawCount}`, data);
  }

  see(id: string, data: unknown): void {
    this.seen.set(id, data);
    this.waiting.get(id)?.(data);
  }

  arrived(id: string): Promise<unknown> {
    if (this.seen.has(id)) return Promise.resolve(this.seen.get(id));
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }
}

/** Dapr hands JSON of a type that it does not know on as its text. */
function parsed(data: unknown, contentType: string | undefined): unknown {
  return typeof data === "string" && contentType?.includes("+json") === true ? JSON.parse(data) : data;
}

contract("published values", (start) => {
  let app: App | undefined;
  let sidecar: Contender;
  const functions = new Functions();
  const invoke = (name: string, body: unknown) =>
    call(sidecar.url, "POST", `/v1.0/invoke/${sidecar.appId}/method/${name}`, { body });

  beforeAll(async () => {
    const port = await freePort();
    sidecar = await start({
      app: { port },
      awaitApp: false,
      components: { bus: component("bus", "pubsub.in-memory") },
    });
    const log = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
    app = await serve([functions], { port, daprUrl: sidecar.url, log });
    await sidecar.ready;
  });
  afterAll(async () => {
    await app?.close();
    await sidecar.close();
  });

  const rows = table.map(([value, contentType, arrives], row) => {
    const kind = value instanceof Uint8Array ? `bytes ${JSON.stringify(Buffer.from(value).toString("latin1"))}` : value;
    return [typeof kind === "string" ? kind : JSON.stringify(kind), contentType, arrives, row] as const;
  });

  /** What came of one way of publishing a row: what arrived under each id, or the refusal that was expected. */
  async function outcomeOf(way: string, row: number, ids: readonly string[]): Promise<readonly unknown[]> {
    const [, contentType, arrives] = table[row]!;
    const reply = await invoke(way, row);
    if (reply.status !== 200) {
      const { refused: text } = (arrives ?? {}) as { refused?: string };
      return ids.map(() => (text !== undefined && reply.text.includes(text) ? arrives : reply.text));
    }
    const data = await Promise.all(ids.map((id) => functions.arrived(id)));
    return data.map((value) => comparable(parsed(value, contentType)));
  }

  it.each(rows)("%s as %s arrives as it was, singly and in bulk, or is refused", async (_, _type, arrives, row) => {
    const expected = comparable(arrives);
    expect(await outcomeOf("single", row, [`single-${row}`])).toEqual([expected]);
    expect(await outcomeOf("bulk", row, [`bulk-${row}`, `bulk-${row}-again`])).toEqual([expected, expected]);
  });

  it("arrives raw as its bytes, text or JSON text, or is refused", async () => {
    for (const [row, [value, contentType, arrives]] of table.entries()) {
      const isText = typeof value === "string" && contentType !== undefined && !contentType.includes("json");
      const sent = value instanceof Uint8Array || isText ? value : JSON.stringify(value);
      const isRefused =
        !(value instanceof Uint8Array) && (arrives as { refused?: string } | null)?.refused !== undefined;
      const [outcome] = await outcomeOf("publishRaw", row, [`raw-${functions.rawCount + 1}`]);
      expect([row, outcome]).toEqual([row, isRefused ? arrives : comparable(Buffer.from(sent as string))]);
    }
  });
});

/** Bytes by what they are, since those of Dapr's answer are a Buffer. */
function comparable(value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("hex") } : value;
}
