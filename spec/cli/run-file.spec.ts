import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRunFile } from "../../lib/cli/running/run-file.js";

describe("a multi-app run file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "run-file-"));
    for (const name of ["orders/.dapr/resources", "stock"]) mkdirSync(join(folder, name), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (text: string) => {
    writeFileSync(join(folder, "dapr.yaml"), text);
    return readRunFile(join(folder, "dapr.yaml"));
  };

  it("names applications, their ports, resources and environments, relative to itself", () => {
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
    resourcesPaths: [./one, ./two]
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
        resources: [join(folder, "one"), join(folder, "two")],
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

  it("finds resources where Dapr's own command looks for them", () => {
    const { apps } = read("apps: [{ appDirPath: orders, command: [a] }, { appDirPath: stock, command: [a] }]");
    expect(apps[0]!.resources).toEqual([join(folder, "orders", ".dapr", "resources")]);
  });

  it("says what of it is not done", () => {
    const { notes } = read(
      "common: { configFilePath: c.yaml }\napps: [{ appDirPath: orders, comand: x, command: [a] }]",
    );
    expect(notes).toEqual([
      expect.stringMatching(/dapr.yaml: configFilePath is not applied here; daprd applies it$/),
      expect.stringMatching(/dapr.yaml: "comand" is not known here, so it is passed over$/),
    ]);
  });

  it.each([
    ["{", /dapr.yaml: /],
    ["apps: []", /it names no applications; give it a list `apps`/],
    ["apps: {}", /apps is an object; write a list/],
    ["apps: [{ command: [a] }]", /apps\[0\] has no appDirPath/],
    ["apps: [{ appDirPath: none, command: [a] }]", /apps\[0\].appDirPath none is not there/],
    ["apps: [{ appDirPath: orders }]", /apps\[0\] has no command/],
    ["apps: [{ appDirPath: orders, command: [1] }]", /apps\[0\].command\[0\] is a number; write text/],
    ["apps: [{ appDirPath: orders, command: [a], appPort: x }]", /apps\[0\].appPort is text; write a whole number/],
    ["apps: [{ appDirPath: orders, command: [a], appPort: 70000 }]", /a port is a number from 0 to 65535/],
    ["apps: [{ appDirPath: orders, command: [a], appProtocol: grpc }]", /appProtocol is grpc; .* speaks http only/],
    ["apps: [{ appDirPath: orders, command: [a] }, { appDirPath: orders, command: [a] }]", /two .* appID "orders"/],
  ])("%s is refused with its name", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
