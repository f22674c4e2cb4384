import { z } from "zod";
import { toHandler } from "../../lib/azure/index.js";
import {
  createHandler,
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  type CloudEvent,
  type DaprFunctionsError,
  type RequestHandler,
} from "../../lib/index.js";
import { cloudEvent, invoke } from "../../lib/testing/index.js";

const Order = z.object({ id: z.string() });

class Readers {
  seen: unknown = "nothing";

  @DaprTopicTrigger({ pubSubName: "bus", topic: "any" })
  any({ data }: CloudEvent): void {
    this.seen = data;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "order", payload: Order })
  order({ data }: CloudEvent): void {
    this.seen = data;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "text", payload: String })
  text({ data }: CloudEvent): void {
    this.seen = data;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "count", payload: Number })
  count({ data }: CloudEvent): void {
    this.seen = data;
  }

  @DaprTopicTrigger({ pubSubName: "bus", topic: "bytes", payload: Uint8Array })
  bytes({ data }: CloudEvent): void {
    this.seen = data;
  }

  @DaprServiceInvocationTrigger({ payload: Uint8Array })
  calledWithBytes(payload: unknown): void {
    this.seen = payload;
  }

  @DaprServiceInvocationTrigger({ payload: String })
  calledWithText(payload: unknown): void {
    this.seen = payload;
  }

  @DaprBindingTrigger()
  bound(payload: unknown): void {
    this.seen = payload;
  }
}

const topics = ["any", "order", "text", "count", "bytes"] as const;
const json = Buffer.from('{"id":"1"}');
const bare = { specversion: "1.0", id: "e", source: "s", type: "t" };

const events: Readonly<Record<string, unknown>> = {
  "an object": cloudEvent({ id: "1" }),
  "JSON as text": cloudEvent('{"id":"1"}', { datacontenttype: "text/plain" }),
  "JSON of another name": cloudEvent('{"id":"1"}', { datacontenttype: "application/vnd.shop+json" }),
  "a number": cloudEvent(41),
  "a number as text": cloudEvent("41"),
  "bytes without a type": { ...bare, data_base64: json.toString("base64") },
  "bytes under JSON": { ...bare, datacontenttype: "application/json", data_base64: json.toString("base64") },
  "data_base64 of null": { ...bare, data: { id: "1" }, data_base64: null },
  "no base64": { ...bare, data_base64: "%%" },
  "no data": bare,
  "a message that is not an event": { id: "1" },
  "a list": [1],
  text: "t",
  null: null,
};

describe("what a function reads of what comes", () => {
  let handler: RequestHandler;
  let served: Readers;
  const silent = { error() {}, warn() {}, info() {}, debug() {} };

  beforeAll(async () => {
    served = new Readers();
    handler = await createHandler([served], { daprUrl: "http://127.0.0.1:1", log: silent });
  });

  afterAll(() => handler.close());

  /** What the method got, or why it did not run. */
  async function whenServed(path: string, body: string | Uint8Array, type: string): Promise<unknown> {
    served.seen = "nothing";
    const request = new Request(`http://localhost/${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body: body as string,
    });
    const answer = await (await handler.fetch(request)).text();
    return served.seen === "nothing" || answer.includes("RETRY") ? "refused" : served.seen;
  }

  async function whenInvoked(method: keyof Readers, payload: unknown): Promise<unknown> {
    const readers = new Readers();
    try {
      await invoke(readers, method as never, payload as never);
    } catch (error) {
      const { code } = error as DaprFunctionsError;
      return ["ERR_PAYLOAD_INVALID", "ERR_MALFORMED_REQUEST"].includes(code) ? "refused" : error;
    }
    return readers.seen;
  }

  async function underAzure(method: string, payload: unknown): Promise<unknown> {
    const readers = new Readers();
    const log = Object.assign(() => undefined, silent, { verbose: () => undefined });
    const run = toHandler(() => ({ readers }), method);
    try {
      await run({ invocationId: "1", bindings: { payload }, log });
    } catch {
      return "refused";
    }
    return readers.seen;
  }

  const cases = Object.keys(events).flatMap((name) => topics.map((topic) => [name, topic] as const));

  it.each(cases)(
    "is the same in a test and under Azure as beside a sidecar: %s, of the topic %s",
    async (name, topic) => {
      const event = events[name];
      const text = JSON.stringify(event);
      const expected = await whenServed(topic, text, "application/cloudevents+json");
      expect(await whenInvoked(topic, event)).toEqual(expected);
      expect(await underAzure(topic, JSON.parse(text))).toEqual(expected);
      expect(await underAzure(topic, Buffer.from(text))).toEqual(expected);
    },
  );

  it.each(topics)("is the same in a test of an event of bytes as beside a sidecar, of the topic %s", async (topic) => {
    for (const datacontenttype of ["application/octet-stream", "application/json", "text/plain"]) {
      const { data, ...event } = cloudEvent(json, { datacontenttype });
      const delivered = JSON.stringify({ ...event, data_base64: data.toString("base64") });
      const expected = await whenServed(topic, delivered, "application/cloudevents+json");
      expect(await whenInvoked(topic, cloudEvent(json, { datacontenttype }))).toEqual(expected);
    }
  });

  it.each(["calledWithBytes", "calledWithText", "bound"] as const)(
    "is the same of no bytes and of some: %s",
    async (method) => {
      for (const payload of [new Uint8Array(), json]) {
        const expected = await whenServed(method, payload, "application/octet-stream");
        expect(await whenInvoked(method, payload)).toEqual(expected);
      }
    },
  );

  it("is what a test gives of an event in short", async () => {
    expect(await whenInvoked("order", { data: { id: "1" } })).toEqual({ id: "1" });
  });
});
