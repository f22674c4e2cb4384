import { runCli, type CliRun } from "../support/functions-host.js";
import { built, makeProject, orders, write } from "./app.js";

const project = makeProject();

function check(text: string, ...options: string[]): CliRun {
  write(project, { "build/orders.js": built(text) });
  return runCli(project, ["check", "build/orders.js", ...options], { Store: "statestore" });
}

const forHost = `
export class Events {
  @DaprTopicTrigger({ pubSubName: "p", match: "true" })
  copy(event: CloudEvent): void {}
}
`;

describe("dapr-functions check", () => {
  it("counts functions and problems, and exits with 0 where there is no error", () => {
    expect(check(orders)).toEqual({ status: 0, stdout: "2 functions, 0 errors, 0 warnings\n", stderr: "" });
  });

  it("applies the rules of the Functions host, and exits with 1 for an error", () => {
    const { status, stderr, stdout } = check(forHost);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^error option-standalone-only: Events\.copy \(build\/orders\.js\), trigger "payload", match: .*\n$/,
    );
    expect(stdout).toBe("1 function, 1 error, 0 warnings\n");
  });

  it("leaves them out with --standalone", () => {
    expect(check(forHost, "--standalone")).toMatchObject({ status: 0, stderr: "" });
  });

  it.each<[string[], string[]]>([
    [[], ["wrong"]],
    [
      ["--app-id", "shop"],
      ["wrong", "closed"],
    ],
    [["--app-id", "stock"], ["wrong"]],
  ])("holds topics against the component file, scopes with the app's id: %j", (options, topics) => {
    const property = (name: string, value: string) => ({ name, value });
    const properties = [
      property("AllowedTopics", "orders, closed"),
      property("protectedTopics", "closed"),
      property("publishingScopes", "stock=closed,orders"),
    ];
    const component = {
      apiVersion: "dapr.io/v1alpha1",
      kind: "Component",
      metadata: { name: "bus" },
      spec: { type: "pubsub.redis", version: "v1", metadata: properties },
    };
    write(project, { "components/bus.yaml": JSON.stringify(component) });
    const text = `
      import { DaprPublish } from "dapr-functions";
      export class Publishing {
        @DaprServiceInvocationTrigger()
        @DaprPublish({ name: "a", pubSubName: "bus", topic: "wrong" })
        @DaprPublish({ name: "b", pubSubName: "bus", topic: "closed" })
        @DaprPublish({ name: "c", pubSubName: "bus", topic: "orders" })
        publish(payload: unknown, bindings: { a: Collector<number>; b: Collector<number>; c: Collector<number> }): void {}
      }`;
    const { stdout } = check(text, "--standalone", "--components", "components", "--json", ...options);
    const { problems } = JSON.parse(stdout) as { problems: { code: string; message: string }[] };
    expect(problems.map(({ code, message }) => [code, /"(\w+)"; /.exec(message)?.[1]])).toEqual(
      topics.map((topic) => ["topic-out-of-scope", topic]),
    );
  });

  it("applies to what the worker serves the rules of serve(), and to triggers those of the host", () => {
    const text = `
      import { DaprSecret } from "dapr-functions";
      export class Mixed {
        @DaprTopicTrigger({ pubSubName: "p", match: "true" })
        @DaprStateInput({ name: "old", stateStore: "s", key: "%Prefix%", record: true })
        @DaprSecret({ name: "secret", secretStoreName: "v", key: "k", metadata: { a: "1&2" } })
        @DaprStateOutput({ name: "order", key: "{datetime:ffff}" })
        take(event: CloudEvent, bindings: never): void {}
      }`;
    write(project, { "build/orders.js": built(text) });
    const run = runCli(project, ["check", "build/orders.js", "--bindings", "sidecar"], { Prefix: "{id}}" });
    expect(run.stderr.match(/^\w+ [\w-]+: .*?(?=: )/gm)).toEqual([
      'error expression-invalid: Mixed.take (build/orders.js), input "old", key',
      'error host-only: Mixed.take (build/orders.js), output "order", key',
      'error option-standalone-only: Mixed.take (build/orders.js), trigger "payload", match',
    ]);
    const both = runCli(project, ["check", "build/orders.js", "--bindings", "sidecar", "--standalone"]);
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining("cannot be used with") as string });
    const neither = runCli(project, ["check", "build/orders.js", "--bindings", "both"]);
    expect(neither).toMatchObject({ status: 2, stderr: expect.stringContaining("Allowed choices are") as string });
  });

  it("applies the rules of serve() with --standalone, with the app's local.settings.json and the environment", () => {
    const text = `
      import { Retry, Trigger } from "dapr-functions";
      export class Mixed {
        @DaprServiceInvocationTrigger()
        @DaprStateOutput({ name: "order", stateStore: "%Store%", key: "%Prefix%-{datetime:ffff}" })
        save(order: object, _: { order: Collector<unknown> }): void {}
        @Retry({ strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:01" })
        @Trigger({ type: "queueTrigger", queueName: "orders" })
        take(): void {}
      }`;
    write(project, {
      "mixed.js": built(text),
      "given/local.settings.json": '{ "Values": { "Prefix": "p", "Other": "x" } }',
      "empty/local.settings.json": '{ "Values": { "Prefix": " " } }',
    });
    const codes = (out: string, environment: NodeJS.ProcessEnv) => {
      const { status, stderr } = runCli(project, ["check", "mixed.js", "--standalone", "--out", out], environment);
      return { status, problems: stderr.match(/^\w+ [\w-]+: \S+/gm) };
    };
    const always = ["error host-only: Mixed.take", "warning retry-ignored: Mixed.take"];
    expect(codes("given", { Store: "s" })).toEqual({ status: 1, problems: ["error host-only: Mixed.save", ...always] });
    expect(codes("empty", {})).toEqual({
      status: 1,
      problems: ["error setting-missing: Mixed.save", "error setting-missing: Mixed.save", ...always],
    });
  });

  it("reports a local.settings.json that cannot be read beside what is wrong with the functions", () => {
    write(project, { "bad/local.settings.json": "{" });
    const twice = orders.replace('@FunctionName("read-order")', '@FunctionName("save")');
    const { status, stderr } = check(twice, "--standalone", "--out", "bad");
    expect(status).toBe(1);
    expect(stderr.match(/^error [\w-]+/gm)).toEqual(["error function-name-duplicate"]);
    write(project, { "build/orders.js": built(twice) });
    const { stderr: without } = runCli(project, ["check", "build/orders.js", "--standalone", "--out", "bad"]);
    expect(without.match(/^error [\w-]+/gm)).toEqual(["error setting-invalid", "error function-name-duplicate"]);
    const broken = `${orders.replace("%Store%", "%Store%{")}
      import { Trigger } from "dapr-functions";
      export class Mixed { @Trigger({ type: "queueTrigger" }) take(): void {} }`;
    write(project, { "build/orders.js": built(broken) });
    const { stderr: all } = runCli(project, ["check", "build/orders.js", "--standalone", "--out", "bad"]);
    expect(all.match(/^error [\w-]+/gm)).toEqual([
      "error setting-invalid",
      "error host-only",
      "error expression-invalid",
    ]);
  });

  it("keeps stdout to itself whatever a module prints", () => {
    write(project, { "loud.js": `console.log("loading");\n${built(orders)}` });
    const { status, stdout, stderr } = runCli(project, ["check", "loud.js", "--json"], { Store: "x" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "loading\n" });
    expect(JSON.parse(stdout)).toEqual({ problems: [] });
  });

  it.each([
    ["host.json", { "host.json/x": "" }, "error host-json-invalid: host.json: "],
    ["local.settings.json", { "local.settings.json/x": "" }, "warning setting-invalid: local.settings.json: "],
    ["a pattern in main", { "package.json": '{ "main": "[z-a].js" }' }, "error main-missing: package.json: "],
  ])("reports %s that cannot be read by its name", (_, files: Record<string, string>, line) => {
    const app = makeProject();
    write(app, files);
    write(app, { "build/orders.js": built(orders) });
    expect(runCli(app, ["check", "build/orders.js"], { Store: "x" }).stderr).toContain(line);
  });

  it("looks at settings, host.json and main of the app's folder", () => {
    write(project, {
      "app/host.json":
        '{ "version": "2.0", "extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[3.*, 4.0.0)" } }',
      "app/package.json": '{ "main": "{missing,none}/*.js" }',
      "build/orders.js": built(orders),
    });
    const { status, stderr } = runCli(project, ["check", "build/orders.js", "--out", "app"]);
    expect(status).toBe(1);
    expect(stderr.match(/^\w+ [\w-]+/gm)).toEqual([
      "error bundle-without-dapr",
      "error main-missing",
      "warning module-outside-app",
      "warning setting-missing",
    ]);
  });

  it.each([
    ["dist/{a,src/functions/*}.js", true],
    ["dist/src/functions/!(*.test).js", true],
    ["dist/src/functions/!(b).js", false],
    ["dist/src/@(functions|triggers)/*.js", true],
    ["dist/**/+([a-c]).js", true],
    ["./dist/src/functions/[!a].js", true],
    ["dist/src/functions/?(c).js", false],
    ["{main,dist/src/functions/b}.js", true],
    ["dist/src/functions/b.mjs", false],
  ])("knows main as the pattern that the worker takes it for: %s", (main, isThere) => {
    write(project, {
      "main/package.json": JSON.stringify({ main }),
      "main/dist/src/functions/b.js": "",
      "main/Other/function.json": "{}",
      "build/orders.js": built(orders),
    });
    const { stderr } = runCli(project, ["check", "build/orders.js", "--out", "main"], { Store: "x" });
    expect(stderr).toContain(
      isThere ? "warning model-mixed: package.json: main names" : "error main-missing: package.json: main names",
    );
  });

  it("explains a module that exports functions and registers them as well", () => {
    const app = makeProject("commonjs", [
      "@azure/functions",
      "cookie",
      "long",
      "undici",
      "@azure/functions-extensions-base",
    ]);
    write(app, {
      "main.js": `${built(orders)}\nrequire("dapr-functions/azure").register([exports.Orders]);`,
      "lazy.js": `${built(orders)}\nrequire("dapr-functions/azure").register(() => [exports.Orders]);`,
    });
    for (const file of ["main.js", "lazy.js"]) {
      const text = new RegExp(`^warning model-mixed: ${file}: it calls register\\(\\) while it loads, .*; export`, "m");
      const checked = runCli(app, ["check", file], { Store: "x" });
      expect(checked).toMatchObject({ status: 0, stderr: expect.stringMatching(text) as string });
      expect(runCli(app, ["check", file, "--standalone"], { Store: "x" }).stderr).not.toContain("model-mixed");
      const generated = runCli(app, ["generate", file], { Store: "x" });
      expect(generated).toMatchObject({ status: 1, stdout: "" });
      expect(generated.stderr).toContain(`error model-mixed: ${file}: `);
    }
  });

  it.each([
    ["has a Dapr trigger", "DaprServiceInvocationTrigger()", "", false],
    ["has none, and publishes", "HttpTrigger()", '@DaprStateOutput({ name: "o", stateStore: "s", key: "k" })', true],
    ["has none, and no Dapr at all", "HttpTrigger()", "", false],
  ])("says of an app that %s whether Dapr is to be given an app port", (_, trigger, output, isTold) => {
    const text = `export class A { @${trigger} ${output} run(_: HttpRequest, _o: { o: Collector<unknown> }) {} }`;
    const { stderr } = check(text);
    expect(stderr.includes("give Dapr no app port")).toBe(isTold);
    expect(check(text, "--standalone").stderr).not.toContain("app port");
  });

  it("gives the problems as JSON", () => {
    const { stdout, stderr } = check(forHost, "--json");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      problems: [
        {
          code: "option-standalone-only",
          level: "error",
          class: "Events",
          method: "copy",
          file: "build/orders.js",
          binding: 'trigger "payload"',
          member: "match",
          message: expect.stringMatching(/^Events\.copy, trigger "payload", match: /) as string,
        },
      ],
    });
  });

  it("writes nothing", () => {
    const empty = makeProject();
    write(empty, { "build/orders.js": built(orders) });
    runCli(empty, ["check", "build/orders.js"]);
    expect(runCli(empty, ["generate", "build/orders.js", "--dry-run"]).stdout).toMatch(/^(write \S+\n)+$/);
  });

  it("names the module of classes that have the same name", () => {
    const twins = makeProject();
    const broken = 'export class Orders { @FunctionName("x") none(): void {} }';
    write(twins, { "a.js": built(orders), "b.js": built(broken) });
    expect(runCli(twins, ["check", "a.js", "b.js"], { Store: "x" }).stderr).toMatch(
      /^error trigger-missing: Orders\.none \(b\.js\): /,
    );
  });
});

describe("classes of one name", () => {
  const twins = makeProject();
  const restock = (store: string) => `
    export class Functions {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "order", stateStore: "${store}", key: "{id}" })
      restock(payload: { id: string }, { order }: { order: Collector<unknown> }): void { order.add(payload); }
    }`;
  beforeAll(() => write(twins, { "a.js": built(restock("a")), "b.js": built(restock("%Missing%")) }));

  it.each([[[]], [["--standalone"]]])("are told apart by every rule: check %j", (options: string[]) => {
    const { stderr } = runCli(twins, ["check", "a.js", "b.js", ...options]);
    expect([...stderr.matchAll(/^\w+ ([\w-]+): \S+ \((\S+)\)/gm)].map(([, code, file]) => [code, file])).toEqual([
      ["function-name-duplicate", "b.js"],
      ["setting-missing", "b.js"],
    ]);
    expect(stderr).toContain(
      'the function name "restock" is also that of Functions.restock, of another class of that name',
    );
  });
});

describe("the command line", () => {
  it.each(["list", "check", "generate"])("shows an example in %s --help", (command) => {
    const { status, stdout, stderr } = runCli(project, [command, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`Example:\n  $ npx dapr-functions ${command} build/functions.js`);
  });

  it.each(["list", "check", "generate", "run", "sidecar"])("leaves it to the terminal to wrap %s --help", (command) => {
    const lines = runCli(project, [command, "--help"], { COLUMNS: "60" }).stdout.split("\n");
    const words = lines.slice(2, lines.findIndex((line) => /^(Arguments|Options):/.test(line)) - 1);
    // Each line has no room for the first word of the next.
    words.slice(0, -1).forEach((line, index) => {
      expect(`${line} ${words[index + 1]!.split(" ")[0]}`.length).toBeGreaterThan(60);
    });
  });

  it.each(["list", "check", "generate", "run"])("says in %s of a module without functions what to give", (command) => {
    write(project, {
      "plain.js": "exports.a = 1;",
      "serving.mjs":
        'import { serve } from "dapr-functions"; export const app = serve && 1; setInterval(() => {}, 1000);',
    });
    expect(runCli(project, [command, "plain.js"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(
        "error functions-none: plain.js: it exports no function; give a module",
      ) as string,
    });
    expect(runCli(project, [command, "serving.mjs"])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^error functions-none: serving\.mjs: .* what it starts is run by `node`/m,
      ) as string,
    });
  });

  it.each(["--help", "--version"])("answers %s with exit code 0", (option) => {
    expect(runCli(project, [option])).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    [["generate"], "missing required argument 'module'"],
    [["run", "build/orders.js", "--app-port", "70000"], "a port is a number from 0 to 65535"],
    [["generate", "build/orders.js", "--wrong"], "unknown option '--wrong'"],
    [["generat", "x"], "unknown command 'generat'"],
    [["check", "nowhere.js"], "nowhere.js: there is no such file or folder"],
    [["check", "package.json"], "package.json: this is not a module"],
    [["generate", "build/orders.js", "--out", "package.json"], "--out names a file"],
  ])("exits with 2 for %p", (args, text) => {
    const { status, stdout, stderr } = runCli(project, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(text);
  });

  it("exits with 2 and no stack for a module that does not load", () => {
    write(project, { "broken.js": 'throw new Error("no database");', "syntax.js": "class {" });
    expect(runCli(project, ["check", "broken.js"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "broken.js does not load: no database (broken.js:1:7)\n",
    });
    expect(runCli(project, ["check", "syntax.js"])).toMatchObject({ status: 2, stdout: "" });
    write(project, { "lacking.js": 'require("no-such-package");' });
    expect(runCli(project, ["check", "lacking.js"])).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "lacking.js does not load: Cannot find module 'no-such-package', which lacking.js requires (lacking.js:1:1)\n",
    });
  });

  it.each([
    ["ends the process", "leaves.js", "process.exit(0);"],
    ["never ends", "waits.mjs", "await new Promise(() => {});"],
  ])("exits with 2 for a module that %s", (_, file, text) => {
    write(project, { [file]: text });
    expect(runCli(project, ["check", file])).toEqual({
      status: 2,
      stdout: "",
      stderr:
        `${file} does not load: it ends the process while it loads, or awaits what never comes; ` +
        "export the functions from a module that starts nothing\n",
    });
  });

  it.each(["", "{", "null", "[]"])("does not stumble over a package.json that says %j", (text) => {
    const app = makeProject();
    write(app, { "package.json": text });
    expect(runCli(app, ["check", "--help"])).toMatchObject({ status: 0, stderr: "" });
  });

  it("reports a decorator that a class does not bear, with its code", () => {
    const { status, stderr } = check("export class A { @DaprServiceInvocationTrigger() static run(): void {} }");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error method-unsupported: A\.run \(build\/orders\.js\): /);
  });

  it("does not wait for what a module keeps open", () => {
    write(project, { "open.js": `${built(orders)}\nsetInterval(() => {}, 1000);` });
    expect(runCli(project, ["check", "open.js"], { Store: "x" }).status).toBe(0);
  });
});
