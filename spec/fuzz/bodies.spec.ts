import assert from "node:assert/strict";
import fc from "fast-check";
import { readBindingPayload, readContentType, readPayload } from "../../lib/invocation/read-payload.js";
import {
  bulkEntriesOf,
  parseDelivery,
  readBulkEvent,
  readEvent,
  requestOfEntry,
} from "../../lib/invocation/topic-events.js";
import type { DaprTopicTrigger } from "../../lib/model/bindings.js";
import { PayloadError } from "../../lib/model/errors.js";
import { holds, json, outcomeOf, text, textWith } from "./property.js";

const trigger: DaprTopicTrigger = {
  type: "daprTopicTrigger",
  direction: "in",
  name: "payload",
  pubSubName: "bus",
  topic: "t",
};

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
  json.map((value) => Buffer.from(JSON.stringify(value))),
  textWith(["{", "}", "[", '"', "\\", ":", ",", "1", "e", "\u{feff}", " "]).map((body) => Buffer.from(body)),
);

const contentType = fc.option(
  fc.oneof(
    fc.constantFrom("application/json", "text/plain", "application/cloudevents+json", "application/octet-stream"),
    fc.constantFrom("application/json; charset=utf-16le", "text/csv;charset=latin1", "text/json;charset=nope"),
    textWith(["application/json", "text/plain", "+json", ";", " ", "charset", "=", '"', "utf-8", "utf-16", "/"]),
  ),
  { nil: undefined },
);

function expectMalformed(outcome: { readonly error: unknown } | { readonly value: unknown }): void {
  if (!("error" in outcome)) return;
  assert.ok(outcome.error instanceof PayloadError);
  assert.equal((outcome.error as PayloadError).code, "ERR_MALFORMED_REQUEST");
}

describe("a body of any bytes under any content type", () => {
  it("is read, or refused as malformed, and the same at the second reading", () =>
    expect(
      holds([bytes, contentType], (body, type) => {
        const outcome = outcomeOf(() => readPayload(body, type));
        expectMalformed(outcome);
        if ("value" in outcome) assert.deepEqual(readPayload(Buffer.from(body), type), outcome.value);
      }),
    ).resolves.toBe("held"));

  it("is never refused of an input binding", () =>
    expect(
      holds([bytes, contentType], (body, type) => {
        readBindingPayload(body, type);
      }),
    ).resolves.toBe("held"));

  it("arrives as it was sent", () =>
    expect(
      holds(
        [json, text, fc.uint8Array(), fc.constantFrom("application/json", "text/json", "a/b+json; charset=UTF-8")],
        (value, plain, array, jsonType) => {
          assert.deepEqual(readPayload(Buffer.from(JSON.stringify(value)), jsonType), value);
          if (plain !== "" && !plain.startsWith("\u{feff}")) {
            assert.equal(readPayload(Buffer.from(plain), "text/plain"), plain);
          }
          if (array.length > 0) assert.deepEqual(readPayload(Buffer.from(array), "application/octet-stream"), array);
        },
      ),
    ).resolves.toBe("held"));
});

describe("a content type of any text", () => {
  it("has a type in lower case, or none", () =>
    expect(
      holds([textWith([";", "/", "=", '"', " ", "charset", "A", "\t"])], (header) => {
        const { type, charset } = readContentType(header);
        assert.notEqual(type, "");
        assert.equal(type, type?.trim().toLowerCase());
        assert.notEqual(charset, "");
      }),
    ).resolves.toBe("held"));
});

const member = fc.oneof(json, text, fc.constantFrom("application/json", "text/plain", "a/b+json", "e30=", "[1]"));
const event = fc
  .record(
    {
      specversion: member,
      id: member,
      source: member,
      type: member,
      datacontenttype: member,
      data: member,
      data_base64: fc.oneof(member, fc.base64String()),
      traceparent: member,
      ["__proto__own"]: member,
    },
    { requiredKeys: [] },
  )
  .map((members) => JSON.stringify(members).replaceAll('"__proto__own"', '"__proto__"'));

describe("an event with any members", () => {
  it("is read, or refused as malformed, and keeps what it is not about", () =>
    expect(
      holds([event, fc.boolean()], (body, isRaw) => {
        const delivered = parseDelivery(Buffer.from(body)) as Record<string, unknown>;
        const outcome = outcomeOf(() => readEvent(delivered, trigger, "t", isRaw));
        expectMalformed(outcome);
        if ("error" in outcome) return;
        const { event: read, hasStableId } = outcome.value;
        assert.equal(Object.getPrototypeOf(read), Object.prototype);
        if (!("specversion" in delivered)) return assert.equal(read.data, delivered);
        for (const [name, value] of Object.entries(delivered)) {
          if (name === "data" || name === "data_base64") continue;
          assert.deepEqual(Object.getOwnPropertyDescriptor(read, name)?.value, value);
        }
        if (isRaw) assert.equal(hasStableId, false);
      }),
    ).resolves.toBe("held"));

  it("that is not an object is refused", () =>
    expect(
      holds([json], (delivered) => {
        expectMalformed(outcomeOf(() => readEvent(delivered, trigger, "t", false)));
      }),
    ).resolves.toBe("held"));

  it("has the data that went in as base64", () =>
    expect(
      holds([json, fc.uint8Array()], (value, array) => {
        const read = (data: Buffer, datacontenttype: string) =>
          readEvent(
            { specversion: "1.0", id: "1", source: "s", datacontenttype, data_base64: data.toString("base64") },
            trigger,
            "t",
            false,
          ).event.data;
        assert.deepEqual(read(Buffer.from(JSON.stringify(value)), "application/json"), value);
        assert.deepEqual(read(Buffer.from(array), "application/octet-stream"), array);
      }),
    ).resolves.toBe("held"));
});

describe("a bulk request of any entries", () => {
  const entry = fc.record(
    {
      entryId: fc.oneof({ weight: 4, arbitrary: text }, json),
      event: fc.oneof(
        json,
        event.map((body): unknown => JSON.parse(body)),
        fc.base64String(),
      ),
      contentType: member,
      metadata: fc.oneof(json, fc.dictionary(text, text)),
    },
    { requiredKeys: [] },
  );
  const request = { header: () => undefined, headers: new Headers({ "x-a": "1", traceparent: "00-a" }) };

  it("has each entry with an id read, or refused by itself", () =>
    expect(
      holds([fc.array(fc.oneof(entry, json))], (entries) => {
        const read = bulkEntriesOf({ entries }, true);
        assert.ok(read!.length <= entries.length);
        for (const each of read!) {
          expectMalformed(outcomeOf(() => readBulkEvent(each, trigger, "t", false)));
          const own = requestOfEntry(each, request as never);
          assert.ok([...own.headers].length >= 0);
          const { metadata } = each;
          if (typeof metadata !== "object" || metadata === null) continue;
          for (const [name, value] of Object.entries(metadata)) {
            if (typeof value === "string") assert.equal(typeof own.header(name.toLowerCase()), "string");
          }
        }
      }),
    ).resolves.toBe("held"));

  it("that is none is no bulk request", () =>
    expect(
      holds([json], (delivered) => {
        bulkEntriesOf(delivered, true);
      }),
    ).resolves.toBe("held"));
});
