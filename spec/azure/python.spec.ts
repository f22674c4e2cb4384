import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { toFunctionJson, type BindingJson } from "../../lib/azure/index.js";
import { inspectFunctions } from "../../lib/metadata/functions.js";
import {
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  FunctionName,
  readFunctions,
  type CloudEvent,
  type Collector,
} from "../../lib/index.js";
import {
  KafkaFunctions,
  OrderFunctions,
  ServiceFunctions,
  StateFunctions,
  TopicFunctions,
} from "../../examples/orders/functions.js";
import { Parcels } from "../support/parcels.js";

const folder = join(__dirname, "python");

/** Up to three times: pip does not try again what an index breaks off in the midst of an answer. */
function install(python: string, requirements: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      execFileSync(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements], { stdio: "pipe" });
      return;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** A virtual environment with the pinned library, made once and kept outside the tree; or why there is none. */
function makeEnvironment(): { readonly python: string } | { readonly reason: string } {
  if (spawnSync("python3", ["--version"]).status !== 0) return { reason: "there is no python3" };
  const requirements = join(folder, "requirements.txt");
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const environment = join(cache, "dapr-functions", `python-${hash}`);
  const python = join(environment, "bin", "python");
  const complete = join(environment, "complete");
  if (existsSync(complete)) return { python };
  try {
    rmSync(environment, { recursive: true, force: true });
    execFileSync("python3", ["-m", "venv", environment], { stdio: "pipe" });
    install(python, requirements);
    writeFileSync(complete, "");
    return { python };
  } catch (error) {
    return { reason: `azure-functions could not be installed: ${(error as Error).message}` };
  }
}

interface Functions {
  readonly name: string;
  readonly bindings: readonly object[];
}

interface Made {
  readonly functionJson?: { readonly bindings: readonly BindingJson[] };
  readonly error?: string;
}

/** Members that are words, whose case the library writes as it likes. */
const words = new Set(["direction", "datatype", "authlevel", "methods"]);

function byName(a: BindingJson, b: BindingJson): number {
  return a.name < b.name ? -1 : 1;
}

/** Nothing left of letter case, nor of the order of members and bindings: the library puts `$return` second. */
function withoutCase(bindings: readonly object[]): object[] {
  return [...(bindings as readonly BindingJson[])].sort(byName).map((binding) =>
    Object.fromEntries(
      Object.entries(binding).map(([key, value]: [string, unknown]) => {
        const member = key.toLowerCase();
        return [member, words.has(member) ? (JSON.parse(JSON.stringify(value).toLowerCase()) as unknown) : value];
      }),
    ),
  );
}

type Binding = Readonly<Record<string, unknown>>;

/** The library writes two defaults that the host has anyway: they count only where they were given. */
function withoutDefaults(made: readonly object[], given: readonly object[]): object[] {
  return withoutCase(made).map((binding, index) => {
    const { authlevel, route, ...rest } = binding as Binding;
    const own = withoutCase(given)[index] as Binding | undefined;
    return {
      ...rest,
      ...((own?.["authlevel"] !== undefined || authlevel !== "function") && authlevel !== undefined && { authlevel }),
      ...((own?.["route"] !== undefined || route !== rest["topic"]) && route !== undefined && { route }),
    };
  });
}

describe("Azure's own Python library", () => {
  let python: string | undefined;

  beforeAll(() => {
    const made = makeEnvironment();
    if ("python" in made) python = made.python;
    else if (process.env["CI"] === "true") throw new Error(`not compared with Python: ${made.reason}`);
    else process.stderr.write(`not compared with Python's azure-functions: ${made.reason}\n`);
  }, 300_000);

  /** What the library makes of functions; what we expect of it, where there is none. */
  function through(functions: readonly Functions[], otherwise: readonly Made[]): readonly Made[] {
    if (python === undefined) return otherwise;
    const input = JSON.stringify(functions);
    return JSON.parse(execFileSync(python, [join(folder, "functions.py")], { input, encoding: "utf8" })) as Made[];
  }

  const definitions = readFunctions([
    Parcels,
    KafkaFunctions,
    OrderFunctions,
    ServiceFunctions,
    StateFunctions,
    TopicFunctions,
  ]);

  it("makes the same function.json of the same bindings, but for letter case", () => {
    const functions = definitions.map((definition) => ({ name: definition.name, ...toFunctionJson(definition) }));
    const made = through(
      functions,
      functions.map((functionJson) => ({ functionJson })),
    );
    const seen = made.map(
      ({ functionJson, error }, index) => error ?? withoutDefaults(functionJson!.bindings, functions[index]!.bindings),
    );
    expect(seen).toEqual(functions.map(({ bindings }) => withoutCase(bindings)));
  });

  it("refuses what we refuse: no trigger, and two", () => {
    class Wrong {
      @FunctionName("none")
      @DaprPublish({ name: "events", pubSubName: "p", topic: "t" })
      @DaprInvoke({ name: "call", appId: "a", methodName: "m" })
      none(_payload: unknown, _bindings: { events: Collector<unknown>; call: Collector<unknown> }): void {}
      @DaprServiceInvocationTrigger({ name: "one" })
      @DaprBindingTrigger({ name: "two" })
      two(_payload: unknown): void {}
      @DaprTopicTrigger({ name: "one", pubSubName: "p" })
      @DaprTopicTrigger({ name: "two", pubSubName: "q" })
      same(_event: CloudEvent): void {}
    }
    const topic = { type: "daprTopicTrigger", direction: "in", pubSubName: "p", topic: "t" };
    const made = through(
      [
        { name: "none", bindings: [{ type: "daprPublish", direction: "out", name: "events", pubSubName: "p" }] },
        {
          name: "two",
          bindings: [
            { type: "daprServiceInvocationTrigger", direction: "in", name: "one" },
            { type: "daprBindingTrigger", direction: "in", name: "two" },
          ],
        },
        {
          name: "same",
          bindings: [
            { ...topic, name: "one" },
            { ...topic, name: "two" },
          ],
        },
      ],
      [{ error: "no trigger" }, { error: "trigger" }, { error: "trigger" }],
    );
    expect(made.map(({ error }) => error)).toEqual([
      expect.stringMatching(/not have a trigger|no trigger/) as string,
      expect.stringContaining("trigger") as string,
      expect.stringContaining("trigger") as string,
    ]);
    expect(inspectFunctions([Wrong]).problems.map(({ code }) => code)).toEqual([
      "trigger-missing",
      "trigger-multiple",
      "trigger-multiple",
    ]);
  });
});
