import { Writable } from "node:stream";
import bunyan from "bunyan";
import { DaprServiceInvocationTrigger, serve, type InvocationContext, type LogPort } from "dapr-functions";
import pino from "pino";
import winston from "winston";
import { completeLog } from "../../lib/serve/log.js";

class Work {
  @DaprServiceInvocationTrigger()
  speak(_payload: unknown, _bindings: unknown, context: InvocationContext): string {
    context.log("order 41 was created");
    context.info("stored", { total: 3 });
    context.warn("slow %s", "store");
    return "done";
  }

  @DaprServiceInvocationTrigger()
  fail(): void {
    throw new Error("no\r\n\u001b[2J2026 INFO forged");
  }
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** What a logger wrote while a function was called. */
async function invoked(log: LogPort, method: string): Promise<number> {
  const app = await serve([Work], { port: 0, log, daprUrl: "http://127.0.0.1:9" });
  try {
    const { status } = await fetch(`${app.url}/${method}`, { method: "POST", headers: { traceparent } });
    return status;
  } finally {
    await app.close();
  }
}

function linesOf(): { readonly stream: Writable; readonly lines: () => Record<string, unknown>[] } {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return {
    stream,
    lines: () =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const identity = { function: "speak", invocationId: expect.any(String), traceId: "4bf92f3577b34da6a3ce929d0e0e4736" };

describe("an app's log", () => {
  const { stream: pinoStream, lines: pinoLines } = linesOf();
  const { stream: bunyanStream, lines: bunyanLines } = linesOf();
  const { stream: winstonStream, lines: winstonLines } = linesOf();
  const loggers: Record<string, { log: LogPort; lines: () => Record<string, unknown>[]; text: "msg" | "message" }> = {
    pino: { log: pino({ level: "debug" }, pinoStream), lines: pinoLines, text: "msg" },
    bunyan: { log: bunyan.createLogger({ name: "app", stream: bunyanStream }), lines: bunyanLines, text: "msg" },
    winston: {
      log: winston.createLogger({ transports: [new winston.transports.Stream({ stream: winstonStream })] }),
      lines: winstonLines,
      text: "message",
    },
  };

  it.each(Object.keys(loggers))("of %s gets every line of an invocation, with its fields", async (name) => {
    const { log, lines, text } = loggers[name]!;
    expect(await invoked(log, "speak")).toBe(200);
    expect(lines()).toContainEqual(expect.objectContaining({ [text]: "order 41 was created", ...identity }));
    expect(lines()).toContainEqual(expect.objectContaining({ [text]: "stored", total: 3, ...identity }));
    expect(lines()).toContainEqual(expect.objectContaining({ [text]: "slow store", ...identity }));
  });

  it.each(Object.keys(loggers))("of %s gets the failure of an invocation", async (name) => {
    const { log, lines, text } = loggers[name]!;
    expect(await invoked(log, "fail")).toBe(500);
    expect(lines()).toContainEqual(
      expect.objectContaining({
        [text]: expect.stringContaining("fail failed: ERR_FUNCTION_FAILED"),
        function: "fail",
      }),
    );
  });

  describe.each([...Object.keys(loggers), "DAPR_FUNCTIONS_LOG=json"])("of %s", (name) => {
    const text = loggers[name]?.text ?? "message";
    const fields = { function: "speak", invocationId: "i1" };
    const said = (args: readonly unknown[]): Record<string, unknown> => {
      const given = loggers[name];
      if (given !== undefined) {
        completeLog(given.log)
          .of(fields)
          .info(...args);
        return given.lines().at(-1)!;
      }
      const printed: string[] = [];
      const spy = jest.spyOn(process.stdout, "write").mockImplementation((line) => printed.push(String(line)) > 0);
      completeLog(undefined, { DAPR_FUNCTIONS_LOG: "json" })
        .of(fields)
        .info(...args);
      spy.mockRestore();
      return JSON.parse(printed.join("")) as Record<string, unknown>;
    };
    const error = { message: "the cause", stack: expect.stringContaining("log.spec") };
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;

    it.each<[string, unknown[], object]>([
      ["text", ["plain"], { [text]: "plain" }],
      ["fields", ["stored", { total: 3 }], { [text]: "stored", total: 3 }],
      ["an error alone", [new Error("the cause")], { [text]: "the cause", err: expect.objectContaining(error) }],
      [
        "text and an error",
        ["went wrong", new Error("the cause")],
        { [text]: "went wrong", err: expect.objectContaining(error) },
      ],
      ["an error among fields", ["bad", { err: new Error("the cause") }], { err: expect.objectContaining(error) }],
      ["an error of another name", ["bad", { why: new Error("the cause") }], { why: expect.objectContaining(error) }],
      ["a BigInt", ["big", { n: 10n }], { [text]: "big", n: "10" }],
      ["a circle", ["round", { circle, total: 3 }], { [text]: "round", total: 3 }],
      [
        "a getter that throws",
        ["odd", Object.defineProperty({ total: 3 }, "bad", { get: fails, enumerable: true })],
        { [text]: "odd", total: 3 },
      ],
      [
        "a toJSON, which does not speak for the line",
        ["odd", { toJSON: () => ({ function: "forged" }), total: 3 }],
        { [text]: expect.stringContaining("odd { toJSON: [Function: toJSON], total: 3 }") },
      ],
      ["a toJSON that throws", ["odd", { toJSON: fails }], { [text]: "odd { toJSON: [Function: fails] }" }],
      ["what cannot be read", ["odd", new Proxy({}, { ownKeys: fails })], { [text]: "odd {}" }],
      ["control characters", ["a\nb\u001b[2J"], { [text]: "a\\nb\\u001b[2J" }],
      [
        "names that the line has",
        [
          "seen",
          { message: "m", msg: "m", level: "fatal", time: "t", function: "forged", invocationId: "forged", total: 3 },
        ],
        { [text]: "seen", total: 3 },
      ],
    ])("writes %s", (_, args, expected) => {
      const line = said(args);
      expect(line).toMatchObject({ ...expected, ...fields });
      expect(["info", 30]).toContain(line["level"]);
      expect(name !== "winston" && line["time"] === "t").toBe(false);
    });
  });

  it("of winston has warnings where its levels are those of syslog", () => {
    const { stream, lines } = linesOf();
    const transports = [new winston.transports.Stream({ stream })];
    const log = winston.createLogger({ levels: winston.config.syslog.levels, transports }) as unknown as LogPort;
    completeLog(log).warn("slow store", { total: 3 });
    completeLog(log).of({ function: "f" }).warn("slow store");
    expect(lines()).toEqual([
      { level: "warning", message: "slow store", total: 3 },
      { level: "warning", message: "slow store", function: "f" },
    ]);
  });

  it("of winston is said to lose lines where it has levels of other names", () => {
    const written: string[] = [];
    const spy = jest.spyOn(process.stderr, "write").mockImplementation((line) => written.push(String(line)) > 0);
    jest.isolateModules(() => {
      const { completeLog: fresh } = require("../../lib/serve/log.js") as typeof import("../../lib/serve/log.js");
      const log = fresh(winston.createLogger({ levels: { high: 0, low: 1 } }) as unknown as LogPort);
      for (let i = 0; i < 2; i++) log.error("lost");
    });
    spy.mockRestore();
    expect(written).toEqual(["dapr-functions: the log fails (it has no error()); lines are lost\n"]);
  });

  it("of the console shows no line break of an error's message", () => {
    const printed: unknown[][] = [];
    const spy = jest.spyOn(console, "error").mockImplementation((...args) => void printed.push(args));
    completeLog(undefined, {}).error(
      "failed",
      new Error("no\n2026 INFO forged\u001b[2J", { cause: new Error("a\nb") }),
    );
    spy.mockRestore();
    const shown = String(printed[0]![1]);
    expect(shown).toContain("Error: no\\n2026 INFO forged\\u001b[2J\n    at ");
    expect(
      shown
        .split("\n")
        .slice(1)
        .every((line) => line.startsWith("    at ")),
    ).toBe(true);
  });

  it("of a kind of its own gets errors as they are", () => {
    const calls: unknown[][] = [];
    const error = new Error("the cause");
    completeLog({ error: (...args: unknown[]) => calls.push(args) }).error("failed", error);
    expect(calls).toEqual([["failed", error]]);
    expect(calls[0]![1]).toBe(error);
  });

  it("of bunyan gets errors as they are where it has a serializer for them", () => {
    const { stream, lines } = linesOf();
    const log = bunyan.createLogger({ name: "app", stream, serializers: { err: () => "its own" } });
    completeLog(log).of({ function: "speak" }).error("failed", new Error("x"));
    expect(lines()).toEqual([expect.objectContaining({ msg: "failed", err: "its own", function: "speak" })]);
  });

  it("of the console's kind gets the fields as the last of what it prints", async () => {
    const calls: unknown[][] = [];
    await invoked({ info: (...args: unknown[]) => calls.push(args) }, "speak");
    const [, id] =
      /invocationId=(\S+)/.exec(String(calls.find(([text]) => text === "order 41 was created")?.[1])) ?? [];
    const pairs = `function=speak invocationId=${id} traceId=4bf92f3577b34da6a3ce929d0e0e4736`;
    expect(calls).toContainEqual(["order 41 was created", pairs]);
    expect(calls).toContainEqual(["stored", { total: 3 }, pairs]);
  });

  it("shows control characters, so that a text cannot look like a line of its own", () => {
    const calls: unknown[][] = [];
    completeLog({ warn: (...args: unknown[]) => calls.push(args) }).warn("a\r\u001b[31mb\u2028c\nforged\n    at d");
    expect(calls).toEqual([["a\\u000d\\u001b[31mb\\u2028c\\nforged\n    at d"]]);
    const structured: unknown[][] = [];
    const child = { info: (...args: unknown[]) => structured.push(args) };
    completeLog({ ...child, child: () => child })
      .of({ k: "v" })
      .info("a\u001b[2J\nb");
    expect(structured).toEqual([["a\\u001b[2J\\nb"]]);
  });

  const broken: Record<string, LogPort> = {
    "throws in error": { error: fails },
    "throws in all": { log: fails, info: fails, warn: fails, error: fails, debug: fails },
    "throws in child": { child: fails, info: fails, error: fails },
    "has a child that throws": { child: () => ({ info: fails, warn: fails, error: fails }), info: () => undefined },
    "has a child that is nothing": { child: () => undefined, error: () => undefined },
    rejects: { info: rejects, warn: rejects, error: rejects },
    "has getters that throw": Object.defineProperty({}, "error", { get: fails, enumerable: true }),
    "has nothing": {},
  };

  function fails(): never {
    throw new Error("disk full");
  }

  function rejects(): Promise<never> {
    return Promise.reject(new Error("disk full"));
  }

  it.each(Object.keys(broken))("that %s touches no invocation", async (name) => {
    expect([await invoked(broken[name]!, "fail"), await invoked(broken[name]!, "speak")]).toEqual([500, 200]);
  });

  it.each([
    ["off", [], []],
    ["text", ["ready"], ["watch out k=1"]],
    [
      "json",
      [expect.stringMatching(/^\{"time":"[^"]+","level":"info","message":"ready"\}\n$/)],
      [expect.stringMatching(/"level":"warn","message":"watch out","k":"1"\}\n$/)],
    ],
    ["loud", ["ready"], ['DAPR_FUNCTIONS_LOG: "loud" is not known; give text, json or off', "watch out k=1"]],
  ])("writes as DAPR_FUNCTIONS_LOG=%s says", (kind, out, error) => {
    const printed: string[] = [];
    const warned: string[] = [];
    const spies = [
      jest.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0),
      jest.spyOn(process.stderr, "write").mockImplementation((text) => warned.push(String(text)) > 0),
      jest.spyOn(console, "info").mockImplementation((...args) => void printed.push(args.join(" "))),
      jest.spyOn(console, "warn").mockImplementation((...args) => void warned.push(args.join(" "))),
    ];
    try {
      const log = completeLog(undefined, { DAPR_FUNCTIONS_LOG: kind });
      log.info("ready");
      log.of({ k: "1" }).warn("watch out");
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect([printed, warned]).toEqual([out, error]);
  });
});
