import { sidecarMaxRequestSize, sidecarTimeout, sidecarUrl } from "../../lib/client/address.js";
import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { DefinitionError } from "../../lib/model/errors.js";
import { parseAddress } from "../../lib/model/sidecar-address.js";

describe("sidecarUrl", () => {
  it.each([
    [{}, "http://127.0.0.1:3500"],
    [{ DAPR_HTTP_PORT: "4100" }, "http://127.0.0.1:4100"],
    [{ DAPR_HTTP_PORT: "" }, "http://127.0.0.1:3500"],
    [{ DAPR_HTTP_PORT: "4100", DAPR_HTTP_ENDPOINT: "https://dapr.example/base/" }, "https://dapr.example/base"],
    [{ DAPR_HTTP_ENDPOINT: "http://[::1]:3501" }, "http://[::1]:3501"],
  ])("of %j is %s", (environment, url) => {
    expect(sidecarUrl(environment)).toBe(url);
  });

  it.each([
    { DAPR_HTTP_PORT: "0" },
    { DAPR_HTTP_PORT: "65536" },
    { DAPR_HTTP_PORT: "35e2" },
    { DAPR_HTTP_ENDPOINT: "localhost:3500" },
    { DAPR_HTTP_ENDPOINT: "ftp://localhost" },
    { DAPR_HTTP_ENDPOINT: "http://h/?a=1" },
  ])("refuses %j, naming the variable", (environment) => {
    expect(() => sidecarUrl(environment)).toThrow(DefinitionError);
    expect(() => sidecarUrl(environment)).toThrow(Object.keys(environment)[0]!);
  });
});

describe("sidecarTimeout", () => {
  it("is 100 s unless the environment says otherwise", () => {
    expect(sidecarTimeout({})).toBe(100_000);
    expect(sidecarTimeout({ DAPR_API_TIMEOUT_SECONDS: "2.5" })).toBe(2500);
  });

  it.each(["0", "-1", "ten", "Infinity", "9999999"])("refuses %j", (seconds) => {
    expect(() => sidecarTimeout({ DAPR_API_TIMEOUT_SECONDS: seconds })).toThrow("DAPR_API_TIMEOUT_SECONDS");
  });
});

describe("sidecarMaxRequestSize", () => {
  const of = (DAPR_MAX_BODY_SIZE?: string): number => sidecarMaxRequestSize({ DAPR_MAX_BODY_SIZE });

  it.each([
    [undefined, 4_194_304],
    ["", 4_194_304],
    ["0", 4_194_304],
    ["1000", 1000],
    ["16Mi", 16_777_216],
    ["16M", 16_000_000],
    ["1.5Gi", 1_610_612_736],
    ["512k", 512_000],
    ["2e6", 2_000_000],
    ["-1", Infinity],
  ])("takes %j for %d", (text, bytes) => expect(of(text)).toBe(bytes));

  it.each(["16MB", "16 Mi", "big", "1,000", "Mi"])("refuses %j", (text) => {
    expect(() => of(text)).toThrow("DAPR_MAX_BODY_SIZE");
  });
});

describe("parseAddress", () => {
  it("divides origin and path, and drops trailing slashes", () => {
    expect(parseAddress("http://10.1.1.9:3501/base//")).toEqual({ origin: "http://10.1.1.9:3501", prefix: "/base" });
    expect(parseAddress("http://10.1.1.9")).toEqual({ origin: "http://10.1.1.9", prefix: "" });
  });

  it.each(["", "/v1.0", "10.1.1.9:3501", "file:///etc", "http://user:pass@h", "http://h#x"])("refuses %j", (text) => {
    expect(parseAddress(text)).toEqual(expect.any(String));
  });

  it("does not repeat a password", () => {
    expect(parseAddress("http://user:hidden@h")).not.toContain("hidden");
  });
});

describe("HttpDaprClient", () => {
  it("refuses a url that is not a sidecar's", () => {
    expect(() => new HttpDaprClient({ url: "nowhere" })).toThrow(TypeError);
  });
});
