import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { readRunFile } from "../../lib/cli/running/run-file.js";

describe("a multi-app run file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "run-file-"));
    const made = ["orders/.dapr/resources", "orders/one", "two", "stock", "common", "dapr/.dapr/components"];
    for (const name of made) mkdirSync(join(folder, name), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (text: string) => {
    writeFileSync(join(folder, "dapr.yaml"), text);
    return readRunFile(join(folder, "dapr.yaml"));
  };

  it("names applications, their ports, resources and environments, as Dapr reads them", () => {
    const { apps, notes } = read(`
version: 1
common:
  resourcesPath: ./common
  env: { A: common, N: 1 }
apps:
  - appID: shop-orders
    appDirPath: ./orders/
    appPort: 3001
    daprHTTPPort: 3501
    env: { A: own, B: true }
    command: ["node", "main.mjs"]
    resourcesPaths: [./one, ../two]
    logLevel: debug
  - appDirPath: stock
    command: npm run start
`);
    expect(apps).toEqual([
      {
        appId: "shop-orders",
        folder: join(folder, "orders"),
        appPort: 3001,
        daprHttpPort: 3501,
        command: ["node", "main.mjs"],
        resources: [join(folder, "orders", "one"), join(folder, "two")],
        env: { A: "own", N: "1", B: "true" },
      },
      {
        appId: "stock",
        folder: join(folder, "stock"),
        appPort: undefined,
        daprHttpPort: undefined,
        command: ["npm", "run", "start"],
        resources: [join(folder, "common")],
        env: { A: "common", N: "1" },
      },
    ]);
    expect(notes).toEqual([]);
  });

  /** Every level at which resources are named, taken away from the top: the order of Dapr's own command. */
  describe("finds resources where Dapr's own command does:", () => {
    const { DAPR_RUNTIME_PATH } = process.env;
    beforeEach(() => (process.env["DAPR_RUNTIME_PATH"] = join(folder, "dapr")));
    afterEach(() => {
      if (DAPR_RUNTIME_PATH === undefined) delete process.env["DAPR_RUNTIME_PATH"];
      else process.env["DAPR_RUNTIME_PATH"] = DAPR_RUNTIME_PATH;
    });

    it.each([
      ["those of the app", "orders", "resourcesPaths: [one]", "resourcesPath: common", ["orders/one"]],
      ["both lists of the app", "orders", "resourcesPath: ../two, resourcesPaths: [one]", "", ["orders/one", "two"]],
      ["the app's folder before common", "orders", "", "resourcesPath: common", ["orders/.dapr/resources"]],
      ["empty names are none", "orders", 'resourcesPath: "", resourcesPaths: []', "", ["orders/.dapr/resources"]],
      ["common, from the file's folder", "stock", "", "resourcesPath: ./common", ["common"]],
      ["both lists of common", "stock", "", "resourcesPath: two, resourcesPaths: [common]", ["common", "two"]],
      ["DAPR_RUNTIME_PATH", "stock", "", "", ["dapr/.dapr/components"]],
    ])("%s", (_, appDirPath, ofApp, ofCommon, expected) => {
      const { apps } = read(`{ common: { ${ofCommon} }, apps: [{ appDirPath: ${appDirPath}, ${ofApp} }] }`);
      expect(apps[0]!.resources).toEqual(expected.map((path) => join(folder, path)));
    });

    it.each([
      ["the app's runtimePath, from its folder", "runtimePath: ../dapr", "runtimePath: none"],
      ["the common runtimePath", "", "runtimePath: dapr"],
    ])("%s", (_, ofApp, ofCommon) => {
      process.env["DAPR_RUNTIME_PATH"] = join(folder, "none");
      const { apps } = read(`{ common: { ${ofCommon} }, apps: [{ appDirPath: stock, ${ofApp} }] }`);
      expect(apps[0]!.resources).toEqual([join(folder, "dapr/.dapr/components")]);
    });

    it("~ is the home folder", () => {
      const path = `~/${relative(homedir(), folder)}`;
      const { apps } = read(`apps: [{ appDirPath: ${path}/stock, resourcesPaths: [${path}/two] }]`);
      expect(apps[0]).toMatchObject({ folder: join(folder, "stock"), resources: [join(folder, "two")] });
    });
  });

  it("gives text as it is written, as Dapr does", () => {
    const { apps } = read(`
x: &base { appDirPath: stock, appPort: 3001 }
apps:
  - <<: *base
    appID: 1e3
    command: [sleep, 100, 0x10, true, yes]
    env: { VERSION: 1.10, CODE: 007, ON: True, NOTHING: null, QUOTED: "1.0" }
    appSSL: false
`);
    expect(apps).toEqual([
      expect.objectContaining({
        appId: "1e3",
        appPort: 3001,
        command: ["sleep", "100", "0x10", "true", "yes"],
        env: { VERSION: "1.10", CODE: "007", ON: "True", NOTHING: "", QUOTED: "1.0" },
      }),
    ]);
  });

  it("takes ports of 0 and less, and empty text, for absent", () => {
    const { apps } = read('apps: [{ appID: "", appDirPath: stock, appPort: -1, daprHTTPPort: 0, appProtocol: "" }]');
    expect(apps).toEqual([
      expect.objectContaining({ appId: "stock", appPort: undefined, daprHttpPort: undefined, command: undefined }),
    ]);
  });

  it("takes the first document of several, as Dapr does, and says so", () => {
    const { apps, notes } = read("apps: [{ appDirPath: orders }]\n---\napps: [{ appDirPath: stock }]\n");
    expect(apps.map(({ appId }) => appId)).toEqual(["orders"]);
    expect(notes).toEqual([
      expect.stringMatching(/dapr\.yaml: documents after the first are passed over, as Dapr does$/),
    ]);
  });

  it("says what of it is not done", () => {
    const { notes } = read(
      "common: { configFilePath: c.yaml, appPort: 1 }\napps: [{ appDirPath: orders, comand: x, appChannelAddress: 10.0.0.1 }]",
    );
    expect(notes).toEqual([
      expect.stringMatching(/dapr.yaml: configFilePath is not applied here; daprd applies it$/),
      expect.stringMatching(/appChannelAddress 10.0.0.1 is not applied here; applications listen at 127.0.0.1$/),
      expect.stringMatching(/"appPort" of common is passed over, as Dapr does; give it to each application$/),
      expect.stringMatching(/dapr.yaml: "comand" is not known here, so it is passed over$/),
    ]);
  });

  it.each([
    ["{", /dapr.yaml: /],
    ["apps: []", /it names no applications; give it a list `apps`/],
    ["apps: {}", /apps is an object; write a list/],
    ["apps: [{ appDirPath: orders, command: [a] }]\nversion: 1\nversion: 2", /line 3: version comes twice/],
    ["apps:\n- appDirPath: orders\n  env: { A: 1, A: 2 }\n  command: [a]", /line 3: A comes twice/],
    ["apps: [{ command: [a] }]", /apps\[0\] has no appDirPath/],
    ["apps: [{ appDirPath: none, command: [a] }]", /apps\[0\].appDirPath none is not there/],
    ["apps: [{ appDirPath: dapr.yaml }]", /apps\[0\].appDirPath dapr.yaml is not a folder/],
    ["apps: [{ appDirPath: orders, command: [{}] }]", /apps\[0\].command\[0\] is an object; write text/],
    ["apps: [{ appDirPath: orders, resourcesPaths: [no] }]", /apps\[0\].resourcesPaths\[0\] no is not there: .*orders/],
    ["common: { resourcesPath: no }\napps: [{ appDirPath: orders }]", /common.resourcesPath no is not there/],
    ["apps: [{ appDirPath: orders, appSSL: true }]", /appSSL is true; .* speaks http only/],
    ["apps: [{ appDirPath: orders, command: [a], appPort: x }]", /apps\[0\].appPort is text; write a whole number/],
    ["apps: [{ appDirPath: orders, command: [a], appPort: 70000 }]", /a port is a number from 0 to 65535/],
    ["apps: [{ appDirPath: orders, command: [a], appProtocol: grpc }]", /appProtocol is grpc; .* speaks http only/],
    ["apps: [{ appDirPath: orders, command: [a] }, { appDirPath: orders, command: [a] }]", /two .* appID "orders"/],
  ])("%s is refused with its name", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
