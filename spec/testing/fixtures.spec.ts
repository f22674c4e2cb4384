import { cloudEvent, httpRequest, invocationContext } from "../../lib/testing/index.js";

describe("cloudEvent", () => {
  it("is complete", () => {
    expect(cloudEvent({ a: 1 })).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      source: "test",
      type: "com.dapr.event.sent",
      specversion: "1.0",
      datacontenttype: "application/json",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      topic: "topic",
      pubsubname: "pubsub",
      data: { a: 1 },
    });
  });

  it("takes attributes and extensions", () => {
    const event = cloudEvent(1, { id: "e-1", topic: "orders", tenant: "t1", source: undefined as unknown as string });
    expect(event).toMatchObject({ id: "e-1", topic: "orders", tenant: "t1", source: "test", data: 1 });
  });

  it("has an id of its own and knows bytes", () => {
    expect(cloudEvent(1).id).not.toBe(cloudEvent(1).id);
    expect(cloudEvent(new Uint8Array(1)).datacontenttype).toBe("application/octet-stream");
    expect(cloudEvent(new ArrayBuffer(1)).datacontenttype).toBe("application/octet-stream");
  });
});

describe("httpRequest", () => {
  it("sends an object as JSON", async () => {
    const request = httpRequest({ url: "/api/orders?a=1", query: { b: "2" }, params: { id: "7" }, body: { a: 1 } });
    expect(request.method).toBe("POST");
    expect(request.url).toBe("http://localhost/api/orders?a=1&b=2");
    expect([...request.query]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(request.params).toEqual({ id: "7" });
    expect(request.headers.get("content-type")).toBe("application/json");
    expect(await request.json()).toEqual({ a: 1 });
    expect(await request.json()).toEqual({ a: 1 });
    expect(await request.text()).toBe('{"a":1}');
    expect(Buffer.from(await request.arrayBuffer()).toString()).toBe('{"a":1}');
  });

  it("is a GET without a body unless told otherwise", async () => {
    const request = httpRequest();
    expect(request.method).toBe("GET");
    expect(await request.text()).toBe("");
    expect(httpRequest({ method: "delete" }).method).toBe("DELETE");
    await expect(request.json()).rejects.toMatchObject({ code: "ERR_MALFORMED_REQUEST" });
  });

  it("refuses members that it does not have", () => {
    expect(() => httpRequest({ header: { a: "1" } } as object)).toThrow("header: there is no such option");
    expect(() => httpRequest({ header: { a: "1" } } as object)).toThrow("did you mean headers?");
  });

  it("sends text and bytes as they are", async () => {
    const text = httpRequest({ body: "{oops", headers: { "content-type": "application/json" } });
    await expect(text.json()).rejects.toMatchObject({ code: "ERR_MALFORMED_REQUEST" });
    expect(httpRequest({ body: "x" }).headers.get("content-type")).toBeNull();
    for (const body of [
      Buffer.from("ab"),
      new TextEncoder().encode("ab").buffer,
      new DataView(new Uint8Array([97, 98]).buffer),
    ]) {
      const request = httpRequest({ body });
      expect(await request.text()).toBe("ab");
      expect(request.headers.get("content-type")).toBeNull();
    }
  });

  it.each([
    ["a FormData", new FormData()],
    ["a URLSearchParams", new URLSearchParams("a=1")],
    ["a Blob", new Blob(["x"])],
    ["a ReadableStream", new ReadableStream()],
    ["a Map", new Map([[1, 2]])],
    ["a promise", Promise.resolve({})],
    ["NaN", NaN],
    ["total is NaN", { total: NaN }],
    ["photo is a Uint8Array", { photo: new Uint8Array(2) }],
    ["BigInt", 10n],
    ["a function", () => 1],
  ])("refuses a body of which JSON would make something else: %s", (what, body) => {
    expect(() => httpRequest({ body })).toThrow(/^httpRequest\(\): the body cannot be sent: /);
    expect(() => httpRequest({ body })).toThrow(what);
  });
});

describe("invocationContext", () => {
  it("is complete", () => {
    const context = invocationContext();
    expect(context.invocationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context.functionName).toBe("test");
    expect(context.triggerMetadata).toEqual({});
    expect(context.signal.aborted).toBe(false);
    for (const log of ["log", "info", "debug"] as const) context[log]("kept to itself");
  });

  it("takes members of its own", () => {
    const log = jest.fn();
    const context = invocationContext({ functionName: "F", log, traceContext: undefined });
    context.log("a", 1);
    expect(log).toHaveBeenCalledWith("a", 1);
    expect(context.functionName).toBe("F");
  });

  it("shows warnings and errors", () => {
    const warn = jest.spyOn(console, "warn").mockImplementation();
    const error = jest.spyOn(console, "error").mockImplementation();
    invocationContext().warn("w");
    invocationContext().error("e");
    expect(warn).toHaveBeenCalledWith("w");
    expect(error).toHaveBeenCalledWith("e");
    warn.mockRestore();
    error.mockRestore();
  });
});
