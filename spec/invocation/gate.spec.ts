import { DaprServiceInvocationTrigger } from "../../lib/index.js";
import { decisiveError } from "../../lib/invocation/failures.js";
import { Gate } from "../../lib/invocation/gate.js";
import { Moment } from "../../lib/invocation/moment.js";
import { TriggerInvocation, type AppScope } from "../../lib/invocation/trigger-invocation.js";
import { readFunctions } from "../../lib/metadata/functions.js";
import { completeLog } from "../../lib/serve/log.js";

/** A moment that says how many wait for it. */
class Counted extends Moment {
  waiting = 0;

  override when(listener: (reason: Error) => void): () => void {
    const stop = super.when(listener);
    let isOver = false;
    this.waiting++;
    return () => {
      if (!isOver) this.waiting--;
      isOver = true;
      stop();
    };
  }
}

class Orders {
  @DaprServiceInvocationTrigger()
  create(): void {}
}

/** An invocation, and all that may make it unwanted. */
function caller() {
  const gone = new Counted();
  const givenUp = new Counted();
  const expiry = new Counted();
  const scope = { givenUp, log: completeLog({ info() {}, warn() {}, error() {}, debug() {} }) } as unknown as AppScope;
  const request = {
    header: () => undefined,
    headers: new Headers(),
    onGone: (listener: () => void) => gone.when(listener),
  };
  const invocation = new TriggerInvocation(readFunctions([Orders])[0]!, scope, request);
  invocation.expiry = expiry;
  return { invocation, moments: { gone, givenUp, expiry } };
}

type Moments = ReturnType<typeof caller>["moments"];

describe("Gate", () => {
  const over = decisiveError("ERR_INVOCATION_TIMEOUT", "its time is up");
  const ways = ["gone", "expiry", "givenUp"] as const satisfies readonly (keyof Moments)[];

  const waiting = ({ gone, givenUp, expiry }: Moments): readonly number[] =>
    [gone, givenUp, expiry].map((each) => each.waiting);

  it.each(ways)("keeps nothing of an invocation that leaves the queue: %s", async (way) => {
    const gate = new Gate("the app", 1);
    expect(gate.enter(caller().invocation)).toBeUndefined();
    const { invocation, moments } = caller();
    const turn = gate.enter(invocation);
    expect(waiting(moments)).toEqual([1, 1, 1]);
    moments[way].come(over);
    await expect(turn).rejects.toMatchObject({ code: way === "gone" ? "ERR_CALLER_GONE" : over.code });
    expect(gate.waiting).toBe(0);
    expect(waiting(moments)).toEqual([0, 0, 0]);
  });

  it.each(ways)("keeps nothing of an invocation that was unwanted when it came: %s", async (way) => {
    const gate = new Gate("the app", 1);
    expect(gate.enter(caller().invocation)).toBeUndefined();
    const { invocation, moments } = caller();
    moments[way].come(over);
    await expect(gate.enter(invocation)).rejects.toMatchObject({
      code: way === "gone" ? "ERR_CALLER_GONE" : over.code,
    });
    expect(gate.waiting).toBe(0);
    expect(waiting(moments)).toEqual([0, 0, 0]);
  });

  it("keeps nothing of an invocation whose turn has come", async () => {
    const gate = new Gate("the app", 1);
    expect(gate.enter(caller().invocation)).toBeUndefined();
    const { invocation, moments } = caller();
    const turn = gate.enter(invocation);
    gate.leave();
    await turn;
    expect(waiting(moments)).toEqual([0, 0, 0]);
  });
});
