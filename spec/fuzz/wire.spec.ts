import assert from "node:assert/strict";
import fc from "fast-check";
import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { methodNameProblem } from "../../lib/client/paths.js";
import { SidecarError } from "../../lib/model/errors.js";
import { headerProblem } from "../../lib/model/headers.js";
import { recordingSidecar, type RecordedRequest, type RecordingSidecar } from "../support/recording-sidecar.js";
import { hostileNames, holds, json, text, textWith } from "./property.js";

let sidecar: RecordingSidecar;
let client: HttpDaprClient;

beforeAll(async () => {
  sidecar = await recordingSidecar();
  client = new HttpDaprClient({ url: sidecar.url });
});

afterAll(async () => {
  await client.close();
  await sidecar.close();
});

/** The one request that a call makes, as a server reads it. */
async function sent(
  call: () => Promise<unknown>,
): Promise<RecordedRequest & { parts: string[]; query: URLSearchParams }> {
  const before = sidecar.requests.length;
  await call();
  assert.equal(sidecar.requests.length, before + 1);
  const request = sidecar.requests[before]!;
  const [path = "", query = ""] = request.path.split(/\?(.*)/s);
  // Nothing that a server may fold, or end the path at.
  assert.doesNotMatch(path, /\/\.{0,2}(?:\/|$)|[#\\\s]/);
  return { ...request, parts: path.split("/").slice(1).map(decodeURIComponent), query: new URLSearchParams(query) };
}

const name = fc
  .oneof(
    text,
    fc.constantFrom(...hostileNames),
    textWith(["/", "..", "%", "?", "#", "&", "+", "\\", ";", "\r\n", " ", "%2F"]),
  )
  .filter((each) => each !== "");
const metadata = fc.dictionary(fc.oneof(name, fc.constant("__proto__")), text, { maxKeys: 4 });

function expectMetadata(query: URLSearchParams, given: Readonly<Record<string, string>>): void {
  const expected = Object.entries(given).map(([key, value]) => [`metadata.${key}`, value]);
  assert.deepEqual(
    [...query].map(([key, value]) => [key, value]),
    expected,
  );
}

describe("any name, key and metadata", () => {
  it("arrive in paths and queries as they are", () =>
    expect(
      holds([name, name, metadata], async (one, two, given) => {
        const get = await sent(() => client.getState({ stateStore: one, key: two, metadata: given }));
        assert.deepEqual(get.parts, ["v1.0", "state", one, two]);
        expectMetadata(get.query, given);
        const publish = await sent(() =>
          client.publish({
            pubSubName: one,
            topic: two,
            metadata: given,
            payload: { contentType: "text/plain", content: one },
          }),
        );
        assert.deepEqual(publish.parts, ["v1.0", "publish", one, two]);
        assert.equal(publish.body, one);
        expectMetadata(publish.query, given);
      }),
    ).resolves.toBe("held"));

  it("arrive in bodies as they are", () =>
    expect(
      holds([name, name, metadata, json], async (one, two, given, value) => {
        const save = await sent(() =>
          client.saveState({ stateStore: one, entries: [{ key: two, value, etag: one, metadata: given }] }),
        );
        assert.deepEqual(save.parts, ["v1.0", "state", one]);
        assert.deepEqual(JSON.parse(save.body), [{ key: two, value, etag: one, metadata: { ...given } }]);
        const bind = await sent(() =>
          client.invokeBinding({ bindingName: one, operation: two, data: value, metadata: given }),
        );
        assert.deepEqual(bind.parts, ["v1.0", "bindings", one]);
        assert.deepEqual(JSON.parse(bind.body), { data: value, operation: two, metadata: { ...given } });
        const bulk = await sent(() =>
          client.publishBulk({
            pubSubName: one,
            topic: two,
            entries: [{ payload: { contentType: "application/json", content: value }, metadata: given }],
          }),
        );
        assert.deepEqual(bulk.parts, ["v1.0", "publish", "bulk", one, two]);
        const entry = { entryId: "0", event: value, contentType: "application/json", metadata: { ...given } };
        assert.deepEqual(JSON.parse(bulk.body), [entry]);
      }),
    ).resolves.toBe("held"));

  it("arrive in the path of a method, or are refused before anything is sent", () =>
    expect(
      holds([name, name, text], async (appId, methodName, value) => {
        const call = () => client.invokeMethod({ appId, methodName, httpVerb: "GET" });
        if (methodNameProblem(methodName) !== undefined) {
          const before = sidecar.requests.length;
          await assert.rejects(call, { code: "ERR_DAPR_BAD_REQUEST" });
          return assert.equal(sidecar.requests.length, before);
        }
        const [path = "", query] = methodName.split(/\?(.*)/s);
        const { parts, path: raw } = await sent(call);
        assert.deepEqual(parts, ["v1.0", "invoke", appId, "method", ...path.replace(/^\//, "").split("/")]);
        assert.equal(raw.includes("?"), query !== undefined && query !== "");
        const encoded = await sent(() =>
          client.invokeMethod({ appId, methodName: `m?v=${encodeURIComponent(value)}`, httpVerb: "GET" }),
        );
        assert.equal(encoded.query.get("v"), value);
      }),
    ).resolves.toBe("held"));
});

describe("any header", () => {
  const headerName = fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,8}$/),
    textWith(["x-", ":", "\r", "\n", "é"]),
  );
  const value = fc.oneof(
    fc.string({ unit: "grapheme-ascii" }),
    fc.string({ unit: fc.integer({ min: 0x80, max: 0xff }).map((code) => String.fromCharCode(code)) }),
    textWith(["\r\n", "\n", "\0", "a", " ", "\t", "é"]),
  );

  it("arrives as it is, or is refused", () =>
    expect(
      holds([headerName, value], async (key, given) => {
        // Node keeps no header of that name.
        fc.pre(headerProblem(key, given) === undefined && key !== "__proto__");
        const call = () =>
          client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET", headers: { [key]: given } });
        const { headers } = await sent(call);
        // A server drops the space around a value.
        assert.equal(headers[key.toLowerCase()], given.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
      }),
    ).resolves.toBe("held"));

  it("that no header can carry ends the call and reaches nobody", () =>
    expect(
      holds([headerName, value], async (key, given) => {
        fc.pre(/[\r\n\0]/.test(given) || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key));
        const before = sidecar.requests.length;
        const headers = { [key]: given };
        await assert.rejects(
          () => client.invokeMethod({ appId: "a", methodName: "m", httpVerb: "GET", headers }),
          (error) => error instanceof SidecarError,
        );
        assert.equal(sidecar.requests.length, before);
      }),
    ).resolves.toBe("held"));
});

describe("text that is half of a surrogate pair", () => {
  const half = fc
    .tuple(text, fc.constantFrom("\ud800", "\udc00", "\udfff"), fc.constantFrom("", "a", "/"))
    .map((parts) => parts.join(""));

  it("ends the call with an error that says so, and nothing is sent", () =>
    expect(
      holds([half], async (key) => {
        const before = sidecar.requests.length;
        const calls = [
          () => client.getState({ stateStore: "s", key }),
          () => client.deleteState({ stateStore: "s", key, metadata: { a: key } }),
          () => client.publish({ pubSubName: "p", topic: key, payload: { contentType: "text/plain", content: "" } }),
          () => client.getSecret({ secretStoreName: key, key: "k" }),
          () => client.invokeMethod({ appId: "a", methodName: key, httpVerb: "GET" }),
          () => client.invokeMethod({ appId: "a", methodName: `m?${key}`, httpVerb: "GET" }),
        ];
        for (const call of calls) await assert.rejects(call, { code: "ERR_DAPR_BAD_REQUEST" });
        assert.equal(sidecar.requests.length, before);
      }),
    ).resolves.toBe("held"));
});
