import { fromV3Request, fromV4Request } from "../../lib/azure/host/http-request.js";
import { TriggerRequest, withCheckedBody } from "../../lib/invocation/requests.js";
import type { HttpRequest } from "../../lib/model/invocation.js";
import { NodeCall } from "../../lib/server/node-call.js";
import { httpRequest } from "../../lib/testing/fixtures.js";

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One request as each host hands it to a function. */
const hosts: Readonly<Record<string, (sent: Sent) => HttpRequest>> = {
  "node:http": ({ headers = {}, body = "" }) => {
    const message = {
      method: "POST",
      url: "/api/orders/7?a=1&a=2",
      rawHeaders: ["Host", "shop", ...Object.entries(headers).flat()],
    };
    const bytes = Buffer.from(body as string);
    const call = new NodeCall(message as never, undefined as never, bytes, { id: "7" });
    return new TriggerRequest(call, () => bytes);
  },
  "the v4 model": ({ headers, body }) => {
    const request = new Request("http://shop/api/orders/7?a=1&a=2", {
      method: "POST",
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: body as string }),
    });
    return fromV4Request({
      method: request.method,
      url: request.url,
      headers: request.headers,
      query: new URL(request.url).searchParams,
      params: { id: "7" },
      arrayBuffer: () => request.arrayBuffer(),
    });
  },
  "the v3 model": ({ headers, body }) =>
    fromV3Request({
      method: "POST",
      url: "http://shop/api/orders/7?a=1&a=2",
      headers,
      query: { a: "1" },
      params: { id: "7" },
      ...(typeof body === "string" ? { rawBody: body } : { bufferBody: body }),
    }),
  "a test": ({ headers, body }) =>
    httpRequest({ method: "POST", url: "http://shop/api/orders/7?a=1&a=2", headers, params: { id: "7" }, body }),
};

const form =
  '--x\r\ncontent-disposition: form-data; name="id"\r\n\r\n41\r\n' +
  '--x\r\ncontent-disposition: form-data; name="label"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n\u0001\u0002\r\n' +
  "--x--\r\n";

describe.each(Object.entries(hosts))("the request of %s", (_name, requestOf) => {
  it("has its parts", () => {
    const { method, url, query, params } = requestOf({});
    expect({ method, url, a: query.get("a"), params: { ...params } }).toEqual({
      method: "POST",
      url: "http://shop/api/orders/7?a=1&a=2",
      a: "1",
      params: { id: "7" },
    });
  });

  it("gives its body in every form, any number of times", async () => {
    const request = requestOf({ headers: { "content-type": "application/json" }, body: '{"id":"1"}' });
    for (let time = 0; time < 2; time++) {
      expect(await request.json()).toEqual({ id: "1" });
      expect(await request.text()).toBe('{"id":"1"}');
      expect(Buffer.from(await request.arrayBuffer()).toString()).toBe('{"id":"1"}');
      const chunks: Uint8Array[] = [];
      for await (const chunk of request.body!) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe('{"id":"1"}');
    }
  });

  it("says in one wording that a body is not JSON", async () => {
    const malformed = { code: "ERR_MALFORMED_REQUEST", message: "the body is not valid JSON; send JSON" };
    await expect(requestOf({ body: "{oops" }).json()).rejects.toMatchObject(malformed);
    await expect(requestOf({}).json()).rejects.toMatchObject(malformed);
  });

  const eAcute = new Uint8Array([0x22, 0x63, 0xe9, 0x22]);

  it.each([
    ["application/json", "UTF-8"],
    [undefined, "UTF-8"],
    ["application/json; charset=utf-8", "UTF-8"],
    ["application/json; charset=x-unknown", "UTF-8"],
    ["application/json; charset=shift_jis", "shift_jis"],
  ])("refuses JSON that is not text in its charset: %s", async (type, named) => {
    const request = requestOf({ headers: type === undefined ? {} : { "content-type": type }, body: eAcute });
    await expect(request.json()).rejects.toMatchObject({
      code: "ERR_MALFORMED_REQUEST",
      message: `the body is JSON that is not ${named}; send it in UTF-8`,
    });
    // Text and bytes are the function's own business.
    expect((await request.arrayBuffer()).byteLength).toBe(4);
  });

  it("reads JSON in the charset that it is labelled with", async () => {
    const headers = { "content-type": "application/json; charset=iso-8859-1" };
    expect(await requestOf({ headers, body: eAcute }).json()).toBe("cé");
  });

  it("reads text in the charset that it is labelled with", async () => {
    const latin = requestOf({
      headers: { "content-type": "text/plain; charset=iso-8859-1" },
      body: new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
    });
    expect(await latin.text()).toBe("café");
  });

  it.each([
    ["text/plain", "UTF-8"],
    ["application/octet-stream", "UTF-8"],
    [undefined, "UTF-8"],
    ["text/plain; charset=shift_jis", "shift_jis"],
    ["application/json", "UTF-8"],
  ])("refuses text that is not in its charset: %s", async (type, named) => {
    const request = requestOf({ headers: type === undefined ? {} : { "content-type": type }, body: eAcute });
    await expect(request.text()).rejects.toMatchObject({
      code: "ERR_MALFORMED_REQUEST",
      message: `the body is ${type === "application/json" ? "JSON" : "text"} that is not ${named}; send it in UTF-8`,
    });
  });

  const multipart = (name: string, file: string, value: string): Uint8Array =>
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="id"\r\n\r\n41\r\n--x\r\n` +
        `content-disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n--x--\r\n`,
      "latin1",
    );
  const sentAs = (text: string): string => Buffer.from(text).toString("latin1");

  it.each<[string, string, Uint8Array]>([
    ["a field", "application/x-www-form-urlencoded", Buffer.from("a=1&b=\xe9", "latin1")],
    ["a name", "application/x-www-form-urlencoded", Buffer.from("\xe9", "latin1")],
    ["an escaped field", "application/x-www-form-urlencoded", Buffer.from("a=%E9&b=%c3%a9")],
    ["a field in another charset", "application/x-www-form-urlencoded; charset=shift_jis", Buffer.from("a=%E9")],
    ["a part", "multipart/form-data; boundary=x", multipart("a", "", "\xe9")],
    ["a part beside U+FFFD", "multipart/form-data; boundary=x", multipart(sentAs("\ufffd"), "", "\xe9")],
    ["the name of a part", "multipart/form-data; boundary=x", multipart("\xe9", "", "a")],
    ["the name of a file", "multipart/form-data; boundary=x", multipart("a", '; filename="\xe9"', "a")],
  ])("refuses a form that is not in its charset: %s", async (_case, type, body) => {
    await expect(requestOf({ headers: { "content-type": type }, body }).formData()).rejects.toMatchObject({
      code: "ERR_MALFORMED_REQUEST",
      message: expect.stringMatching(/^the body is a form that is not (UTF-8|shift_jis); send it in UTF-8$/),
    });
  });

  it.each<[string, string, Uint8Array, readonly (readonly [string, string])[]]>([
    [
      "latin1",
      "; charset=iso-8859-1",
      Buffer.from("a=\xe9&\xeb=%E9+b", "latin1"),
      [
        ["a", "é"],
        ["ë", "é b"],
      ],
    ],
    [
      "UTF-8",
      "",
      Buffer.from("&a=é&b&c=%C3%A9%zz=%26&"),
      [
        ["a", "é"],
        ["b", ""],
        ["c", "é%zz=&"],
      ],
    ],
    ["U+FFFD that was sent", "", Buffer.from("a=\ufffd"), [["a", "\ufffd"]]],
  ])("reads fields in their charset: %s", async (_case, charset, body, fields) => {
    const headers = { "content-type": `application/x-www-form-urlencoded${charset}` };
    expect([...(await requestOf({ headers, body }).formData())]).toEqual(fields);
  });

  it("takes U+FFFD in a part that was sent so, and bytes of files as they are", async () => {
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const fffd = sentAs("\ufffd");
    const form = await requestOf({ headers, body: multipart(fffd, `; filename="${fffd}"`, "\xe9") }).formData();
    const file = form.get("\ufffd") as File;
    expect([file.name, [...new Uint8Array(await file.arrayBuffer())]]).toEqual(["\ufffd", [0xe9]]);
  });

  it("reads forms", async () => {
    const sent = await requestOf({
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: form,
    }).formData();
    expect(sent.get("id")).toBe("41");
    const file = sent.get("label") as File;
    expect([file.name, file.type, file.size]).toEqual(["a.png", "image/png", 2]);
    const urlencoded = requestOf({
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "id=41&name=a%20b",
    });
    expect([...(await urlencoded.formData())]).toEqual([
      ["id", "41"],
      ["name", "a b"],
    ]);
    const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n\r\n\r\n';
    for (const [type, all] of [
      ["application/x-www-form-urlencoded", "a&"],
      ['multipart/form-data; Boundary="b"', part],
    ] as const) {
      const sent = (count: number) => ({ headers: { "content-type": type }, body: `${all.repeat(count)}--b--\r\n` });
      await expect(requestOf(sent(50_001)).formData()).rejects.toMatchObject({
        code: "ERR_MALFORMED_REQUEST",
        message: "the form has more than 50000 fields; send less",
      });
      expect([...(await requestOf(sent(1000)).formData())].length).toBeGreaterThanOrEqual(1000);
    }
    await expect(requestOf({ body: "id=41" }).formData()).rejects.toMatchObject({
      code: "ERR_MALFORMED_REQUEST",
      message: "the body is not a form; send multipart/form-data or application/x-www-form-urlencoded",
    });
  });

  it("never shows the token with which the sidecar proves itself", () => {
    const { headers } = requestOf({ headers: { "dapr-api-token": "secret", "x-user": "me" } });
    expect(headers.get("dapr-api-token")).toBeNull();
    expect(headers.get("x-user")).toBe("me");
  });
});

describe("a request that was looked at before the method ran", () => {
  const made = () => {
    const bytes = Buffer.from('{"id":"41"}');
    const message = { method: "POST", url: "/api/x", rawHeaders: ["Host", "shop"] };
    return new TriggerRequest(new NodeCall(message as never, undefined as never, bytes, {}), () => bytes);
  };

  it("gives the method a value of its own each time", async () => {
    const request = made();
    const seen = request.peekJson();
    expect(seen).toEqual({ id: "41" });
    const [first, second] = [await request.json(), await request.json()];
    expect([first, second]).toEqual([{ id: "41" }, { id: "41" }]);
    expect(second).not.toBe(first);
  });

  it("streams a copy of its body", async () => {
    const request = made();
    const chunk = (await request.body!.getReader().read()).value!;
    chunk.fill(0);
    expect(await request.text()).toBe('{"id":"41"}');
  });
});

describe("withCheckedBody", () => {
  it("gives the value as the JSON and leaves the rest of the request as it is", async () => {
    const request = httpRequest({
      url: "/api/x?a=1",
      headers: { "x-a": "1" },
      params: { id: "7" },
      body: '{"id":"1"}',
    });
    const value = { id: "checked" };
    const checked = withCheckedBody(request, value);
    expect(await checked.json()).toBe(value);
    expect(await checked.json()).toBe(await checked.json());
    expect(await checked.text()).toBe('{"id":"1"}');
    expect((await checked.arrayBuffer()).byteLength).toBe(10);
    expect((await new Response(checked.body).arrayBuffer()).byteLength).toBe(10);
    const { method, url, headers, query, params } = checked;
    expect({ method, url, params }).toEqual({ method: "POST", url: request.url, params: { id: "7" } });
    expect(headers.get("x-a")).toBe("1");
    expect(query.get("a")).toBe("1");
  });
});
