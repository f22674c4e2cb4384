import type { AppEntry, AppState } from "../../../lib/azure/app/app-files.js";
import { appProblems, type AppRuleOptions } from "../../../lib/azure/app/app-rules.js";
import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  HttpTrigger,
  Input,
  Trigger,
  readFunctions,
  type HttpRequest,
} from "../../../lib/index.js";

class Orders {
  @DaprServiceInvocationTrigger()
  read(): void {}
}

class Settings {
  @DaprServiceInvocationTrigger({ methodName: "%Method%" })
  @DaprStateInput({ name: "a", stateStore: "%Store%", key: "%method%-{id}" })
  read(_payload: { id: string }, _bindings: { a: unknown }): void {}
}

class Blobs {
  @Trigger({ type: "timerTrigger", schedule: "0 * * * * *" })
  @Input({ type: "blob", name: "a", path: "x", connection: "Depot" })
  read(_payload: unknown, _bindings: { a: unknown }): void {}
}

class Web {
  @HttpTrigger()
  get(_request: HttpRequest): void {}
}

interface Given extends Partial<AppRuleOptions> {
  readonly files?: Record<string, string>;
  readonly entries?: Record<string, AppEntry>;
  readonly mainFiles?: string[];
}

/** Level, code and place of each problem of an app in a folder. */
function problemsOf(type: new () => object, given: Given = {}): string[] {
  const { files = {}, entries = {}, mainFiles = [], ...options } = given;
  const state: AppState = { files, entries, mainFiles };
  const problems = appProblems(readFunctions([type]), state, {
    environment: {},
    bindings: "host",
    module: () => "build/orders.js",
    hasModule: () => true,
    ...options,
  });
  return problems.map(({ level, code, message }) => `${level} ${code}: ${message.slice(0, message.indexOf(": "))}`);
}

function hostJson(extensionBundle: unknown): Record<string, string> {
  return { "host.json": JSON.stringify({ version: "2.0", extensionBundle }) };
}

const id = "Microsoft.Azure.Functions.ExtensionBundle";

describe("the rules of an app's folder", () => {
  it("find nothing wrong with an empty folder", () => {
    expect(problemsOf(Orders)).toEqual([]);
  });

  describe("folder-not-ours", () => {
    const folder = (functionJson?: string): AppEntry => ({
      kind: "folder",
      content: functionJson === undefined ? {} : { "function.json": functionJson },
      irregular: [],
    });

    it.each<[string, AppEntry]>([
      ["a folder without function.json", folder()],
      ["a folder with a person's function.json", folder('{"bindings":[]}')],
      ["a file", { kind: "file" }],
      ["a symbolic link", { kind: "link" }],
    ])("refuses %s where a function is due", (_, entry) => {
      expect(problemsOf(Orders, { entries: { read: entry } })).toEqual(["error folder-not-ours: Orders.read"]);
    });

    it("takes its own folder, and with force any folder", () => {
      for (const text of [
        '{"generatedBy":"dapr-functions"}',
        '\uFEFF{"generatedBy":"dapr-functions"}',
        '// mine now\n{ "generatedBy": "dapr-functions", /* and more */ "bindings": [], }',
      ]) {
        expect(problemsOf(Orders, { entries: { read: folder(text) } })).toEqual([]);
      }
      expect(problemsOf(Orders, { entries: { read: folder("mine") }, force: true })).toEqual([]);
    });

    it("writes through no link, whatever is forced", () => {
      const entry: AppEntry = {
        kind: "folder",
        content: { "function.json": '{"generatedBy":"dapr-functions"}', "index.cjs": undefined },
        irregular: ["index.cjs"],
      };
      expect(problemsOf(Orders, { entries: { read: entry }, force: true })).toEqual([
        "error folder-not-ours: Orders.read",
      ]);
    });
  });

  it.each(["", "{", "null", "[]", '"x"', '{ "Values": [] }', '{ "Values": "x" }'])(
    "warn of a local.settings.json that says %j, and of no setting that it may have",
    (text) => {
      expect(problemsOf(Orders, { files: { "local.settings.json": text } })).toEqual([
        "warning setting-invalid: local.settings.json",
      ]);
    },
  );

  it("take a setting that is null, or no value at all, for blank", () => {
    for (const value of ["null", "{}", "[]"]) {
      const text = `{ "Values": { "AzureWebJobsStorage": ${value} } }`;
      expect(problemsOf(Orders, { files: { "local.settings.json": text } })).toEqual([
        "warning storage-missing: local.settings.json",
      ]);
    }
  });

  it("warns of a module that is not built yet, or lies outside the app", () => {
    const options = { module: () => "../build/orders.js", hasModule: () => false };
    expect(problemsOf(Orders, options)).toEqual([
      "warning build-missing: Orders.read",
      "warning module-outside-app: Orders.read",
    ]);
  });

  describe("host.json", () => {
    it.each([
      ["[4.17.0, 5.0.0)", "dapr"],
      ["[4.*, 5.0.0)", "dapr"],
      ["[4.0.0,4.17.0]", "dapr"],
      ["[4.20.0]", "dapr"],
      ["4.0.0", "dapr"],
      ["[4.0.0,]", "dapr"],
      ["(,5.0.0)", "dapr"],
      ["[4.0.0, 4.17.0)", "without"],
      ["[3.*, 4.0.0)", "without"],
      ["[4.16.9]", "without"],
      ["(,4.0.0]", "without"],
      ["latest", "invalid"],
      ["[4.0.0, 5.0.0", "invalid"],
      ["[]", "invalid"],
      ["", "invalid"],
    ])("reads the range %p: %s", (version, verdict) => {
      const expected = {
        dapr: [],
        without: ["error bundle-without-dapr: host.json"],
        invalid: ["error host-json-invalid: host.json"],
      };
      expect(problemsOf(Orders, { files: hostJson({ id, version }) })).toEqual(expected[verdict as "dapr"]);
    });

    it.each([
      ["[4.*, 5.0.0)", []],
      ["[4.13.0-Preview]", []],
      ["[4.0.0, 4.13.0)", ["error bundle-without-dapr: host.json"]],
    ])("reads the preview bundle's range %p", (version, expected) => {
      expect(problemsOf(Orders, { files: hostJson({ id: `${id}.Preview`, version }) })).toEqual(expected);
    });

    it("does not judge other bundles", () => {
      expect(problemsOf(Orders, { files: hostJson({ id: "Contoso.Bundle", version: "[1.0.0, 2.0.0)" }) })).toEqual([]);
    });

    it.each([
      ["text that is not JSON", "{"],
      ["a list", "[]"],
      ["another version", '{ "version": "3.0" }'],
      ["no version", "{}"],
      ["a bundle without id", '{ "version": "2.0", "extensionBundle": { "version": "[4.17.0, 5.0.0)" } }'],
      ["a bundle without version", `{ "version": "2.0", "extensionBundle": { "id": "${id}" } }`],
    ])("refuses %s", (_, text) => {
      expect(problemsOf(Orders, { files: { "host.json": text } })[0]).toMatch(/^error host-json-invalid: host.json/);
    });

    it("is read with comments, trailing commas and a byte order mark", () => {
      const text = `\uFEFF// mine\n{ "version": "2.0", /* pinned */ "extensionBundle": { "id": "${id}", "version": "[4.17.0, 5.0.0)", } }`;
      expect(problemsOf(Orders, { files: { "host.json": text } })).toEqual([]);
    });

    it("warns where neither bundle nor project brings Dapr, and where both clash", () => {
      const plain = { "host.json": '{ "version": "2.0" }' };
      const project = { "extensions.csproj": '<PackageReference Include="Microsoft.Azure.WebJobs.Extensions.Dapr" />' };
      expect(problemsOf(Orders, { files: plain })).toEqual(["warning bundle-missing: host.json"]);
      expect(problemsOf(Orders, { files: { ...plain, "extensions.csproj": "<Project />" } })).toEqual([
        "warning bundle-missing: host.json",
      ]);
      expect(problemsOf(Orders, { files: { ...plain, ...project } })).toEqual([]);
      expect(problemsOf(Orders, { files: { ...hostJson({ id, version: "[4.17.0, 5.0.0)" }), ...project } })).toEqual([
        "warning bundle-and-project: host.json",
      ]);
    });
  });

  describe("settings", () => {
    it("warns once per setting, with all its places", () => {
      const problems = appProblems(
        readFunctions([Settings]),
        { files: {}, entries: {}, mainFiles: [] },
        { environment: { store: "x" }, bindings: "host", module: () => "m.js", hasModule: () => true },
      );
      expect(problems).toEqual([
        {
          code: "setting-missing",
          level: "warning",
          class: "Settings",
          method: "read",
          binding: 'trigger "payload"',
          member: "methodName",
          message:
            'Settings.read, trigger "payload", methodName: the setting "Method" is neither in Values of ' +
            "local.settings.json nor in the environment, or it is blank; give it a value (also for Settings.read, " +
            'input "a", key)',
        },
      ]);
    });

    it("finds values in local.settings.json, ignoring case, but no blank ones", () => {
      const values = (Values: Record<string, string>) => ({
        "local.settings.json": JSON.stringify({ Values: { AzureWebJobsStorage: "x", ...Values } }),
      });
      expect(problemsOf(Settings, { files: values({ METHOD: "m", store: "s" }) })).toEqual([]);
      expect(problemsOf(Settings, { files: values({ METHOD: " ", store: "s" }) })).toHaveLength(1);
    });

    it.each([["Depot"], ["AzureWebJobsDepot"], ["Depot__serviceUri"]])("finds a connection under %s", (name) => {
      expect(problemsOf(Blobs, { environment: { [name]: "x" } })).toEqual([]);
    });

    it("warns of a connection that is nowhere", () => {
      expect(problemsOf(Blobs)).toEqual(['warning setting-missing: Blobs.read, input "a", connection']);
    });
  });

  describe("AzureWebJobsStorage", () => {
    const blank = { "local.settings.json": '{ "Values": { "AzureWebJobsStorage": "" } }' };

    it("warns where a trigger needs it and it is blank", () => {
      expect(problemsOf(Orders, { files: blank })).toEqual(["warning storage-missing: local.settings.json"]);
      expect(problemsOf(Orders, { files: blank, environment: { AzureWebJobsStorage: "x" } })).toEqual([]);
      expect(problemsOf(Orders, { files: blank, environment: { AzureWebJobsStorage__accountName: "x" } })).toEqual([]);
    });

    it("is not needed by http alone", () => {
      expect(problemsOf(Web, { files: blank })).toEqual([]);
    });
  });

  describe("main of package.json", () => {
    const files = { "package.json": '{ "main": "build/main.js" }' };

    it("is an error where it names no file, since the worker then loads nothing", () => {
      expect(problemsOf(Orders, { files })).toEqual(["error main-missing: package.json"]);
    });

    it("is a warning where it names one, since it may turn the app to the other model", () => {
      const mainFiles = ["build/main.js"];
      const folder = { kind: "folder", content: { "function.json": "{}" }, irregular: [] } as const;
      const mixed = ["warning model-mixed: package.json"];
      expect(problemsOf(Orders, { files, mainFiles, entries: { Other: folder } })).toEqual(mixed);
      expect(problemsOf(Orders, { files, mainFiles, generates: true })).toEqual(mixed);
      expect(problemsOf(Orders, { files, mainFiles })).toEqual([]);
    });

    it("is fine where it is absent", () => {
      expect(problemsOf(Orders, { files: { "package.json": "{}" } })).toEqual([]);
    });
  });
});
