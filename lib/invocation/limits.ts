import { after } from "../model/duration.js";
import { attempt, isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { Invocation } from "./binding-host.js";
import { decisiveError } from "./failures.js";
import type { Gate } from "./gate.js";
import { Moment } from "./moment.js";

/** What bounds the invocations of one function. */
export interface Limits {
  /** Passed one after another: that of the function before that of the app, so that who waits there holds no place here. */
  readonly gates: readonly Gate[];
  /** Milliseconds from its arrival to its answer; undefined where nothing limits them. */
  readonly timeout: number | undefined;
}

/** Runs an invocation when it is its turn, for as long as it may. */
export function runWithin<R>(
  { gates, timeout }: Limits,
  invocation: Invocation,
  work: () => MaybePromise<R>,
): MaybePromise<R> {
  const inTurn = (): MaybePromise<R> => (gates.length === 0 ? work() : passGates(gates, 0, invocation, work));
  return timeout === undefined ? inTurn() : inTime(timeout, invocation, inTurn);
}

function passGates<R>(
  gates: readonly Gate[],
  index: number,
  invocation: Invocation,
  work: () => MaybePromise<R>,
): MaybePromise<R> {
  const gate = gates[index];
  if (gate === undefined) return work();
  const inside = (): MaybePromise<R> => {
    let isInside = true;
    const leave = (): void => {
      if (isInside) gate.leave();
      isInside = false;
    };
    // A method that never ends would keep its place for ever, though its caller was answered.
    const stop = invocation.expiry?.when(leave);
    return attempt(
      () => passGates(gates, index + 1, invocation, work),
      (result) => {
        stop?.();
        leave();
        return result;
      },
      (thrown) => {
        stop?.();
        leave();
        throw thrown;
      },
    );
  };
  const waiting = gate.enter(invocation);
  if (waiting === undefined) return inside();
  invocation.watch?.queued?.(waiting);
  return waiting.then(inside);
}

/**
 * Answers when the time is up, whatever the method does then: what it adds later is refused, and nothing is sent but what
 * was under way.
 */
function inTime<R>(timeout: number, invocation: Invocation, work: () => MaybePromise<R>): Promise<R> {
  const expiry = (invocation.expiry = new Moment());
  return new Promise<R>((resolve, reject) => {
    const cancel = after(timeout, () => {
      const sending = invocation.isSending === true ? "; its outputs were being sent, and the log says which were" : "";
      const text = `there was no answer within ${timeout} ms, its time limit${sending}`;
      const error = decisiveError("ERR_INVOCATION_TIMEOUT", text);
      expiry.come(error);
      reject(error);
    });
    const fail = (thrown: unknown): void => {
      cancel();
      // Nobody else is told what failed after the time was up.
      if (expiry.reason !== undefined && thrown !== expiry.reason && thrown instanceof Error) {
        invocation.context.warn(`${invocation.definition.name}, after its time limit: ${thrown.message}`);
      }
      reject(thrown as Error);
    };
    try {
      const result = work();
      if (isPromise(result)) {
        result.then((value) => {
          cancel();
          resolve(value);
        }, fail);
      } else {
        cancel();
        resolve(result);
      }
    } catch (thrown) {
      fail(thrown);
    }
  });
}
