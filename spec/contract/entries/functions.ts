import {
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateOutput,
  type InvocationContext,
  type StateCollector,
  type StateEntry,
} from "dapr-functions";

/** What a call of `count` leaves: how many there were, and which. */
export interface Count {
  readonly count: number;
  readonly calls: Readonly<Record<string, true>>;
}

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** Functions whose entries many callers change at once. */
export class Entries {
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}", attempts: 100 })
  increment({ step = 1 }: { key: string; step?: number }, { n }: { n: StateEntry<number> }): number {
    const next = (n.value ?? 0) + step;
    n.set(next);
    return next;
  }

  /** Counts each call once, however often it comes. */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "counted", stateStore: "store", key: "{key}", attempts: 100 })
  count({ call }: { key: string; call: string }, { counted }: { counted: StateEntry<Count> }): number {
    const { count, calls } = counted.value ?? { count: 0, calls: {} };
    if (calls[call] !== undefined) return count;
    counted.set({ count: count + 1, calls: { ...calls, [call]: true } });
    return count + 1;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "one", stateStore: "store", key: "{key}" })
  create({ by }: { key: string; by: string }, { one }: { one: StateEntry<string> }): string {
    if (one.exists) return one.value!;
    one.set(by);
    return by;
  }

  /** Takes the value away and leaves nothing, or puts one there: each value is taken by one caller. */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "slot", stateStore: "store", key: "{key}", attempts: 100 })
  take({ put }: { key: string; put?: string }, { slot }: { slot: StateEntry<string[]> }): readonly string[] {
    if (put !== undefined) {
      slot.set([...(slot.value ?? []), put]);
      return [];
    }
    if (!slot.exists) return [];
    slot.remove();
    return slot.value!;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}", attempts: 100 })
  forget(_: { key: string }, { n }: { n: StateEntry<number> }): void {
    n.remove();
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "source", stateStore: "store", key: "{from}", attempts: 100 })
  @DaprState({ name: "target", stateStore: "store", key: "{to}", attempts: 100 })
  transfer(
    { amount }: Transfer,
    { source, target }: { source: StateEntry<number>; target: StateEntry<number> },
  ): boolean {
    if ((source.value ?? 0) < amount) return false;
    source.set((source.value ?? 0) - amount);
    target.set((target.value ?? 0) + amount);
    return true;
  }

  /** Lets somebody else change the key before it returns, as often as asked. */
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "n", stateStore: "store", key: "{key}", attempts: 3 })
  @DaprStateOutput({ name: "log", stateStore: "store", key: "{key}-log" })
  async disturbed(
    payload: { key: string; times: number; fail?: number; seen?: number[] },
    { n, log }: { n: StateEntry<number>; log: StateCollector<unknown> },
    context: InvocationContext,
  ): Promise<{ attempt: number; read: number | undefined; seen: number[] }> {
    const seen = (payload.seen ??= []);
    seen.push(context.attempt);
    if (context.attempt <= payload.times) await this.disturb(payload.key, context.attempt * 100);
    if (context.attempt === payload.fail) throw new Error("not again");
    n.set((n.value ?? 0) + 1);
    log.add(context.attempt);
    return { attempt: context.attempt, read: n.value, seen };
  }

  /** Writes a key past its entry. */
  disturb: (key: string, value: number) => Promise<void> = () => Promise.resolve();
}
