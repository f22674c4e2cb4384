import { getEventListeners } from "node:events";
import { DaprServiceInvocationTrigger } from "../../lib/index.js";
import { Moment } from "../../lib/invocation/moment.js";
import { TriggerInvocation, type AppScope } from "../../lib/invocation/trigger-invocation.js";
import { readFunctions } from "../../lib/metadata/functions.js";

class Orders {
  @DaprServiceInvocationTrigger()
  create(): void {}
}

describe("the signals of invocations with a time limit", () => {
  const definition = readFunctions([Orders])[0]!;
  let app: AbortController;
  let invocations: readonly TriggerInvocation[];

  beforeEach(() => {
    app = new AbortController();
    const scope = { signal: app.signal } as unknown as AppScope;
    const request = { header: () => undefined, headers: new Headers() };
    invocations = Array.from({ length: 20 }, () => new TriggerInvocation(definition, scope, request));
    for (const invocation of invocations) invocation.expiry = new Moment();
  });

  it("are aborted with the app's, to which they add one listener for all, as Node warns of more than ten", () => {
    const signals = invocations.map(({ signal }) => signal);
    expect(getEventListeners(app.signal, "abort").length).toBeLessThanOrEqual(1);
    const [over, late] = [invocations[0]!, invocations[1]!];
    over.ended();
    late.expiry!.come(new Error("its time is up"));
    app.abort(new Error("the app ends"));
    expect(signals.map(({ aborted }) => aborted)).toEqual(invocations.map((one) => one !== over));
    expect(signals.slice(1, 3).map(({ reason }) => (reason as Error).message)).toEqual([
      "its time is up",
      "the app ends",
    ]);
  });

  it("are aborted from the beginning where the app's is", () => {
    app.abort(new Error("the app ends"));
    expect(invocations[0]!.signal.reason).toEqual(new Error("the app ends"));
  });
});
