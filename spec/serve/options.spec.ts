import { toHandler, type AzureOptions } from "../../lib/azure/index.js";
import {
  createHandler,
  DaprServiceInvocationTrigger,
  serve,
  type DefinitionError,
  type HandlerOptions,
} from "../../lib/index.js";
import { invoke, type InvokeOptions } from "../../lib/testing/index.js";

class Orders {
  @DaprServiceInvocationTrigger()
  ping(): string {
    return "pong";
  }
}

async function errorOf(start: () => Promise<unknown>): Promise<DefinitionError> {
  try {
    await start();
  } catch (error) {
    return error as DefinitionError;
  }
  throw new Error("nothing was thrown");
}

describe("options that a program in JavaScript gives", () => {
  it.each([
    [
      { maxConcurency: 5 },
      "maxConcurency: there is no such option, so that it changes nothing; did you mean maxConcurrency?",
    ],
    [
      { validation: { whitelst: false } },
      "validation.whitelst: there is no such option, so that it changes nothing; did you mean whitelist?",
    ],
    [
      { record: { folder: "f", maxsize: 5 } },
      "record.maxsize: there is no such option, so that it changes nothing; did you mean maxSize?",
    ],
    [{ cors: true }, "cors: there is no such option, so that it changes nothing; there are daprUrl, client, "],
  ])("are warned of at start where there are none of that name: %j", async (given, line) => {
    const lines: string[] = [];
    const log = { warn: (text: string) => lines.push(text) };
    const handler = await createHandler([Orders], { daprUrl: "http://127.0.0.1:1", log, ...given } as HandlerOptions);
    await handler.close();
    expect(lines.filter((text) => text.startsWith("option-unknown"))).toEqual([
      expect.stringContaining(`option-unknown: ${line}`),
    ]);
  });

  it("say nothing where they are undefined", async () => {
    const warn = jest.fn();
    const options = { daprUrl: "http://127.0.0.1:1", log: { warn }, cors: undefined, around: undefined };
    await (await createHandler([Orders], options)).close();
    expect(warn.mock.calls.flat().join()).not.toContain("option-unknown");
  });

  it.each([
    [{ around: 5 }, "around: it is a number; give a function"],
    [{ observers: {} }, "observers: it is an object; give a list"],
    [{ container: {} }, "container: it is an object; give an object with get()"],
    [{ log: null }, "log: it is null; give console, or a logger with info(), warn(), error() and debug()"],
    [{ log: console.log }, "log: it is a function; give console, or a logger with info(), warn(), error() and debug()"],
    [{ settings: ["a"] }, "settings: it is a list; give an object"],
    [{ client: "x" }, "client: it is text; give an object"],
    [{ record: true }, "record: it is a boolean; give the path of a folder, or an object with one as its folder"],
    [{ record: {} }, "record: it is an object; give the path of a folder, or an object with one as its folder"],
    [{ record: { folder: "f", redact: 5 } }, "record.redact: it is a number; give a function"],
    [{ host: 5 }, "host: 5 is not an address; give one like 127.0.0.1, or 0.0.0.0 for all"],
  ])("keep an app from starting that are of another kind: %j", async (given, message) => {
    const error = await errorOf(() => serve([Orders], { port: 0, ...given } as object));
    expect(error.problems).toMatchObject([{ code: "setting-invalid", message }]);
  });

  it("are looked at under Azure", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation();
    const error = jest.spyOn(console, "error").mockImplementation();
    const load = (): object => ({ Orders });
    const context = { invocationId: "1", bindings: {}, log: () => undefined };
    await toHandler(load, "ping", { bindngs: "sidecar" } as AzureOptions)(context);
    expect(warn.mock.calls.flat()).toEqual([
      "warning option-unknown: bindngs: there is no such option, so that it changes nothing; did you mean bindings?",
    ]);
    for (const [given, message] of [
      [{ around: 5 }, "around: it is a number; give a function"],
      [{ validation: null }, "validation: it is null; give an object"],
      [{ bindings: "sidecar", settings: null }, "settings: it is null; give an object"],
    ] as const) {
      const wrong = toHandler(load, "ping", given as unknown as AzureOptions);
      expect((await errorOf(() => wrong(context))).message).toContain(message);
    }
    warn.mockRestore();
    error.mockRestore();
  });

  it("are refused in a test", async () => {
    const options = { input: { a: 1 } } as InvokeOptions<Orders["ping"]>;
    const error = await errorOf(() => invoke(new Orders(), "ping", undefined, options));
    expect(error.code).toBe("option-unknown");
    expect(error.message).toContain("input: there is no such option, so that it changes nothing; did you mean inputs?");
  });
});
