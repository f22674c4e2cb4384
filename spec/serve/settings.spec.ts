import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, settingSources, type RuntimeOptions } from "../../lib/serve/settings.js";

describe("the runtime's settings", () => {
  it("have defaults", () => {
    expect(readSettings({}, {})).toEqual({
      settings: {
        port: 3001,
        host: "127.0.0.1",
        routePrefix: "api",
        daprUrl: "http://127.0.0.1:3500",
        apiToken: "",
        maxRequestSize: 4_194_304,
        timeout: 100_000,
        appTokens: [],
        checksSidecar: true,
      },
      problems: [],
    });
  });

  it.each(["t0k\n", "tökn"])("have no token that no header can carry: %j", (token) => {
    const { problems } = readSettings({}, { DAPR_API_TOKEN: token });
    expect(problems).toMatchObject([{ code: "setting-invalid", member: "DAPR_API_TOKEN" }]);
  });

  it("come from Dapr's variables", () => {
    const environment = {
      DAPR_HTTP_PORT: "3601",
      DAPR_APP_PORT: "0",
      APP_PORT: "4000",
      APP_HOST: "0.0.0.0",
      APP_API_TOKEN: "old, new,",
      DAPR_API_TIMEOUT_SECONDS: "0.5",
      DAPR_DISABLE_SIDECAR_METADATA_CHECK: "True",
      DAPR_API_TOKEN: "t0k",
      DAPR_MAX_BODY_SIZE: "16Mi",
    };
    expect(readSettings({}, environment).settings).toEqual({
      port: 0,
      host: "0.0.0.0",
      routePrefix: "api",
      daprUrl: "http://127.0.0.1:3601",
      apiToken: "t0k",
      maxRequestSize: 16_777_216,
      timeout: 500,
      appTokens: ["old", "new"],
      checksSidecar: false,
    });
    expect(readSettings({}, { APP_PORT: "4000", DAPR_APP_PORT: "" }).settings.port).toBe(4000);
    const endpoint = { DAPR_HTTP_ENDPOINT: "https://dapr.example/base/", DAPR_HTTP_PORT: "3601" };
    expect(readSettings({}, endpoint).settings.daprUrl).toBe("https://dapr.example/base");
  });

  it("come from options first, whatever the variables say", () => {
    const environment = { DAPR_APP_PORT: "no", DAPR_HTTP_PORT: "no", DAPR_API_TIMEOUT_SECONDS: "no", APP_HOST: "::1" };
    const options = { port: 5, host: "127.0.0.1", daprUrl: "http://10.0.0.1:3500/", timeout: 7 };
    const { settings, problems } = readSettings(options, environment);
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({ port: 5, host: "127.0.0.1", daprUrl: "http://10.0.0.1:3500", timeout: 7 });
  });

  it.each([
    ["DAPR_APP_PORT", "70000"],
    ["APP_PORT", "-1"],
    ["DAPR_HTTP_PORT", "0"],
    ["DAPR_HTTP_ENDPOINT", "localhost:3500"],
    ["DAPR_API_TIMEOUT_SECONDS", "soon"],
    ["APP_API_TOKEN", " , "],
  ])("say which variable is wrong: %s=%s", (name, value) => {
    expect(readSettings({}, { [name]: value }).problems).toEqual([
      expect.objectContaining({ code: "setting-invalid", message: expect.stringContaining(`${name}: `) }),
    ]);
  });

  it.each<[string, (value: number) => RuntimeOptions, readonly unknown[], readonly number[]]>([
    ["timeout", (timeout) => ({ timeout }), [0, -1, NaN, "5", null, true], [1, 0.5 + 1, 2 ** 53, Infinity]],
    ["shutdownTimeout", (shutdownTimeout) => ({ shutdownTimeout }), [-1, NaN, "5"], [0, Infinity]],
    ["maxBodySize", (maxBodySize) => ({ maxBodySize }), [-1, NaN, "1mb"], [0, 2 ** 53, Infinity]],
    ["maxRequestSize", (maxRequestSize) => ({ maxRequestSize }), [0, 1023, NaN, "4Mi"], [1024, Infinity]],
    ["maxConcurrency", (maxConcurrency) => ({ maxConcurrency }), [0, -1, NaN, 1.5, "5"], [1, Infinity]],
    ["maxQueue", (maxQueue) => ({ maxQueue }), [-1, NaN, 1.5, "5"], [0, Infinity]],
    ["invocationTimeout", (invocationTimeout) => ({ invocationTimeout }), [0, -1, NaN, "5"], [1, Infinity]],
    ["validation.maxDepth", (maxDepth) => ({ validation: { maxDepth } }), [0, -1, NaN, 1.5, "5", null], [1, Infinity]],
    ["validation.maxItems", (maxItems) => ({ validation: { maxItems } }), [0, -1, NaN, 1.5, "5"], [1, Infinity]],
    ["record.maxSize", (maxSize) => ({ record: { maxSize } }), [-1, NaN, "1mb", null], [0, Infinity]],
    ["port", (port) => ({ port }), [-1, 65_536, NaN, 1.5, "80", Infinity], [0, 65_535]],
  ])("take no number for %s that it cannot be", (name, options, bad, good) => {
    for (const value of bad) {
      const problem = { code: "setting-invalid", message: expect.stringMatching(new RegExp(`^${name}: .+; give`)) };
      expect([value, readSettings(options(value as number), {}).problems]).toMatchObject([value, [problem]]);
    }
    for (const value of good) expect([value, readSettings(options(value), {}).problems]).toEqual([value, []]);
  });

  it.each(["", " "])("take no blank host for every address of the machine: %p", (host) => {
    expect(readSettings({ host }, {}).problems).toEqual([
      expect.objectContaining({ code: "setting-invalid", message: expect.stringContaining("host: ") }),
    ]);
  });
});

describe("where %settings% come from", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "settings-"));
    file = join(folder, "local.settings.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is the option, else the environment, else local.settings.json with its comments", () => {
    writeFileSync(file, '{ // local\n "Values": { "A": "file", "B": "file", "C": "file", "Port": 5, } }');
    const settings = settingSources({ A: "option" }, { A: "env", b: "env" }, file);
    expect(["A", "B", "C", "c", "Port", "D"].map((name) => settings.get(name))).toEqual([
      "option",
      "env",
      "file",
      "file",
      "5",
      undefined,
    ]);
  });

  it("is the next where a value is blank", () => {
    writeFileSync(file, '{ "Values": { "A": "file" } }');
    expect(settingSources({ A: " " }, { A: "" }, file).get("A")).toBe("file");
    expect(settingSources({ B: " " }, {}, file).get("B")).toBe(" ");
  });

  it("is not the file as long as nothing is looked for there", () => {
    writeFileSync(file, "no JSON");
    const settings = settingSources({ A: "option" }, {}, file);
    expect(settings.get("A")).toBe("option");
    expect(() => settings.get("B")).toThrow(/local\.settings\.json: it is not JSON/);
  });

  it("is never an encrypted file", () => {
    writeFileSync(file, '{ "IsEncrypted": true, "Values": { "A": "x" } }');
    expect(() => settingSources({}, {}, file).get("A")).toThrow("func settings decrypt");
  });
});
