import {
  DaprApp,
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  type AppClient,
  type Collector,
  type InvocationObserver,
  type StateEntry,
} from "../../lib/index.js";
import { post, serving, type Fixture } from "../serve/support.js";

declare class Billing {
  charge(payload: object): string;
}

class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "old", stateStore: "s", key: "old", valueType: String, required: true })
  @DaprApp({ name: "billing", appId: "billing" })
  @DaprStateOutput({ name: "order", stateStore: "s", key: "order" })
  async order(
    _payload: unknown,
    { old, billing, order }: { old: string; billing: AppClient<Billing>; order: Collector<unknown> },
  ): Promise<string> {
    const receipt = await billing.charge({});
    order.add(`${old} ${receipt}`);
    return receipt;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "entry", stateStore: "s", key: "count" })
  count(_payload: unknown, { entry }: { entry: StateEntry<number> }): number {
    entry.set((entry.value ?? 0) + 1);
    return entry.value ?? 0;
  }

  @DaprServiceInvocationTrigger()
  quick(): string {
    return "quick";
  }
}

const broken = (): Error => new Error("the observer broke");

type Around = (next: () => unknown) => unknown;

/** What an observer may do with a step that it surrounds, other than run it and give what it gives. */
const surrounding: Readonly<Record<string, Around>> = {
  "throws before it": () => {
    throw broken();
  },
  "throws after it": (next) => {
    next();
    throw broken();
  },
  "rejects before it": async () => {
    await Promise.reject(broken());
  },
  "waits and rejects before it": async () => {
    await new Promise(setImmediate);
    throw broken();
  },
  "rejects after it": async (next) => {
    await next();
    throw broken();
  },
};

/** The same, where nothing tells that it has gone wrong. */
const silent: Readonly<Record<string, Around>> = {
  "gives something else": async (next) => {
    await next();
    return { other: 1 };
  },
  "gives nothing": (next) => void next(),
  "gives nothing, and never runs it": () => undefined,
  "resolves with nothing, and never runs it": async () => {},
  "runs it twice": async (next) => {
    await next();
    return await next();
  },
  "swallows its failure": async (next) => {
    try {
      return await next();
    } catch {
      return "all is well";
    }
  },
  "waits before it": async (next) => {
    await new Promise(setImmediate);
    return await next();
  },
};

const surrounded = ["run", "read", "call", "flush"];
const told = ["received", "found", "added", "calling", "called", "conflicted", "ended", "headers"];

/** An observer one of whose members does as it is told. */
function odd(member: string, act: Around): InvocationObserver {
  return {
    start: () => ({ [member]: (...args: unknown[]) => act(args.find((arg) => typeof arg === "function") as never) }),
  };
}

/** Answers as daprd does: there is a value, a callee, and the first write of an entry comes too late. */
function answerLikeDaprd({ sidecar }: Fixture, { fails }: { readonly fails: boolean }): void {
  let etag = 1;
  sidecar.answer = ({ method, path, body }) => {
    if (path.startsWith("/v1.0/invoke")) return { body: '"paid"' };
    if (method === "GET")
      return path.endsWith("/old") ? { body: '"old"' } : { headers: { etag: `${etag}` }, body: `${etag}` };
    if (fails) return { status: 500, body: '{"errorCode":"ERR_STATE_SAVE","message":"disk full"}' };
    return body.includes("count") && etag++ === 1 ? { status: 409 } : undefined;
  };
}

/** What callers are answered, and what the sidecar is asked. */
async function outcome(observers: readonly InvocationObserver[], fails = false) {
  const fixture = await serving([Orders], { observers });
  answerLikeDaprd(fixture, { fails });
  const { app, sidecar, log } = fixture;
  const answers: unknown[] = [];
  for (const name of ["order", "count", "quick", "quick"]) {
    const { status, body } = await post(app, `/${name}`, {});
    answers.push([status, body.replace(/"invocationId":"[^"]*"/, "")]);
  }
  const said = log.lines.filter((line) => line.includes("observer"));
  return { answers, asked: sidecar.lines.filter((line) => !line.includes("metadata")), said };
}

describe("an observer", () => {
  let plain: Awaited<ReturnType<typeof outcome>>;
  let failing: typeof plain;

  beforeAll(async () => {
    plain = await outcome([]);
    failing = await outcome([], true);
  });

  it("has something to watch", () => {
    expect(plain.answers).toEqual([
      [200, '"paid"'],
      [200, "2"],
      [200, '"quick"'],
      [200, '"quick"'],
    ]);
    const failed = [500, expect.stringContaining("disk full")];
    expect(failing.answers.slice(0, 2)).toEqual([failed, failed]);
  });

  /** One that sees what there is, beside the odd one. */
  const seeing = (seen: string[]): InvocationObserver => ({
    start: ({ definition: { name } }) => ({
      calling: () => seen.push(`${name} calling`),
      ended: ({ failure }) => seen.push(`${name} ended ${failure?.errorCode ?? "well"}`),
    }),
  });
  const whole = ["order calling", "order ended well", "count calling", "count calling", "count ended well"];

  /** What comes of invocations that an observer watches beside another. */
  const watchedBy = async (observer: InvocationObserver) => {
    const seen: string[] = [];
    const { said, ...succeeded } = await outcome([observer, seeing(seen)]);
    const { said: _, ...failed } = await outcome([observer], true);
    return { succeeded, failed, said, seen: seen.slice(0, whole.length) };
  };

  const unharmed = (member?: string) => {
    const line = `an observer failed in ${member}, which is said once: the observer broke`;
    const { said: _, ...succeeded } = plain;
    const { said: __, ...failed } = failing;
    const said: unknown[] = member === undefined ? [] : [expect.stringContaining(line)];
    return { succeeded, failed, said, seen: whole };
  };

  const table = (ways: object) =>
    surrounded.flatMap((member) => Object.keys(ways).map((way) => [member, way] as const));

  it.each(table(surrounding))("whose %s %s harms no invocation, and is said", async (member, way) => {
    expect(await watchedBy(odd(member, surrounding[way]!))).toEqual(unharmed(member));
  });

  it.each(table(silent))("whose %s %s changes no invocation", async (member, way) => {
    expect(await watchedBy(odd(member, silent[way]!))).toEqual(unharmed());
  });

  it.each(told)("whose %s throws harms no invocation, and is said", async (member) => {
    expect(await watchedBy(odd(member, surrounding["throws before it"]!))).toEqual(unharmed(member));
  });

  it.each(told.filter((member) => member !== "headers"))(
    "whose %s rejects harms no invocation, and is said",
    async (member) => {
      expect(await watchedBy(odd(member, surrounding["rejects before it"]!))).toEqual(unharmed(member));
    },
  );

  it("that does not begin harms no invocation, and is said", async () => {
    expect(await watchedBy({ start: surrounding["throws before it"] as never })).toEqual(unharmed("start"));
  });

  it.each([undefined, null, 7, "watch"])("that begins with %p changes no invocation", async (given) => {
    expect(await watchedBy({ start: () => given as never })).toEqual(unharmed());
  });
});
