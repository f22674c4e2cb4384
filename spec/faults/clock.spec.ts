import { setTimeout as delay } from "node:timers/promises";
import { DaprServiceInvocationTrigger, DaprStateInput } from "dapr-functions";
import { openCron } from "../../lib/sidecar/components/cron-binding.js";
import { CircuitBreaker } from "../../lib/sidecar/resiliency/circuit-breaker.js";
import { withRetries } from "../../lib/sidecar/resiliency/retries.js";
import { heldTimers, post, serving } from "../serve/support.js";

const day = 86_400_000;

afterEach(() => jest.restoreAllMocks());

/** As when the machine's clock is set: timers and the monotonic clock go on. */
function moveClock(by: number): void {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, "now").mockImplementation(() => now() + by);
}

/** An invocation that waits until it is let go, and one that never ends. */
class Work {
  readonly running: Promise<void>;
  begin = (): void => {};
  go = (): void => {};
  readonly #gone: Promise<void>;

  constructor() {
    this.running = new Promise((resolve) => (this.begin = resolve));
    this.#gone = new Promise((resolve) => (this.go = resolve));
  }

  @DaprServiceInvocationTrigger({ timeout: 60_000 })
  async patient(): Promise<string> {
    this.begin();
    await this.#gone;
    return "done";
  }

  @DaprServiceInvocationTrigger({ timeout: 40 })
  async endless(): Promise<void> {
    this.begin();
    await new Promise(() => undefined);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "cart", stateStore: "s", key: "k" })
  read(_payload: unknown, { cart }: { cart: unknown }): unknown {
    return { cart };
  }
}

describe.each([
  ["back", -day],
  ["forward", day],
])("a clock that is moved a day %s", (_way, by) => {
  it("ends no invocation before its time", async () => {
    const work = new Work();
    const { app } = await serving([work]);
    const answer = post(app, "/patient", 1);
    await work.running;
    moveClock(by);
    expect(await post(app, "/read", 1)).toMatchObject({ status: 200 });
    work.go();
    expect(await answer).toMatchObject({ status: 200, body: '"done"' });
  });

  it("lets none run longer than it may, nor an end wait", async () => {
    const work = new Work();
    const { app } = await serving([work], { shutdownTimeout: 40 });
    const pass = heldTimers();
    const answer = post(app, "/endless", 1);
    await work.running;
    moveClock(by);
    await pass(40);
    expect(await answer).toMatchObject({ status: 504 });
    jest.useRealTimers();
    const late = post(app, "/patient", 1);
    late.catch(() => undefined);
    await app.close();
  });

  it("gives up no request to the sidecar before its time", async () => {
    const { app, sidecar } = await serving([new Work()], { timeout: 60_000 });
    sidecar.answer = async () => {
      moveClock(by);
      // Timers that the clock had set off would come first.
      await delay(20);
      return { body: '"full"', headers: { "content-type": "application/json" } };
    };
    expect(await post(app, "/read", 1)).toMatchObject({ status: 200, json: { cart: "full" } });
  });

  it("waits no longer for one that is not answered", async () => {
    const { app, sidecar } = await serving([new Work()], { timeout: 1500 });
    sidecar.answer = () => {
      moveClock(by);
      return new Promise(() => undefined);
    };
    const answer = await post(app, "/read", 1);
    expect(answer).toMatchObject({ status: 500, json: { errorCode: "ERR_DAPR_REQUEST_FAILED" } });
    expect(answer.body).toContain("no answer within 1500 ms");
    sidecar.answer = () => undefined;
    expect(await post(app, "/read", 1)).toMatchObject({ status: 200 });
  });

  it("ends no retries of the embedded sidecar", async () => {
    let attempts = 0;
    const attempt = async (): Promise<string> => {
      if (++attempts === 1) moveClock(by);
      if (attempts < 3) throw new Error("not yet");
      return "done";
    };
    const policy = { policy: "exponential", duration: 0, maxInterval: 1, maxRetries: 5, statuses: undefined } as const;
    expect(await withRetries(policy, attempt, new AbortController().signal)).toBe("done");
  });

  it("opens and closes no circuit breaker of the embedded sidecar", async () => {
    const fail = async (): Promise<never> => {
      throw new Error("down");
    };
    const states: string[] = [];
    const breaker = (timeout: number) =>
      new CircuitBreaker(
        { maxRequests: 1, interval: 0, timeout, trip: "failed" },
        async () => true,
        (state) => states.push(state),
      );
    const lasting = breaker(60_000);
    const short = breaker(30);
    await expect(lasting.run(fail)).rejects.toThrow("down");
    await expect(short.run(fail)).rejects.toThrow("down");
    moveClock(by);
    await expect(lasting.run(async () => "up")).rejects.toThrow("circuit breaker is open");
    await delay(60);
    expect(await short.run(async () => "up")).toBe("up");
    expect(states).toEqual(["open", "open", "half-open", "closed"]);
  });

  it("holds up no schedule of the embedded sidecar", () => {
    jest.useFakeTimers({ now: new Date("2031-05-01T12:00:00.250Z") });
    const fired: string[] = [];
    const stop = openCron({ schedule: "@every 2s" }).start(() => fired.push("fired"));
    jest.advanceTimersByTime(4000);
    expect(fired).toHaveLength(2);
    jest.setSystemTime(Date.now() + by);
    jest.advanceTimersByTime(4000);
    expect(fired).toHaveLength(4);
    stop();
    jest.useRealTimers();
  });
});

it("an `@every` beyond what a timer can wait does not fire at once", () => {
  jest.useFakeTimers({ now: new Date("2031-05-01T12:00:00.000Z") });
  const fired: string[] = [];
  const stop = openCron({ schedule: "@every 1000h" }).start(() => fired.push("fired"));
  jest.advanceTimersByTime(1000 * 3_600_000 - 1000);
  expect(fired).toEqual([]);
  jest.advanceTimersByTime(2000);
  expect(fired).toEqual(["fired"]);
  stop();
  jest.useRealTimers();
});
