import { KeyQueue } from "../../lib/invocation/key-queue.js";

const refuse = (): Error => new Error("full");
const never = (): AbortSignal | undefined => undefined;

/** Lets everything that waits for nothing else happen. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("KeyQueue", () => {
  it("gives a free key at once, and the next in the order in which they came", async () => {
    const queue = new KeyQueue();
    const order: string[] = [];
    const first = queue.enter(["a"], never, refuse);
    expect(first).toEqual(expect.any(Function));
    const others = ["second", "third"].map(async (name) => {
      const release = await queue.enter(["a"], never, refuse);
      order.push(name);
      release();
    });
    await settled();
    expect(order).toEqual([]);
    (first as () => void)();
    await Promise.all(others);
    expect(order).toEqual(["second", "third"]);
  });

  it("keeps nobody from other keys, and nobody for ever from several", async () => {
    const queue = new KeyQueue();
    const both = await queue.enter(["b", "a"], never, refuse);
    const other = queue.enter(["c"], never, refuse);
    expect(other).toEqual(expect.any(Function));
    const crossing = [queue.enter(["a", "b"], never, refuse), queue.enter(["b", "a"], never, refuse)];
    both();
    (await crossing[0]!)();
    (await crossing[1]!)();
    expect(queue.enter(["a", "b"], never, refuse)).toEqual(expect.any(Function));
  });

  it("lets a key go once, however often it is told", async () => {
    const queue = new KeyQueue();
    const first = await queue.enter(["a"], never, refuse);
    const second = queue.enter(["a"], never, refuse);
    first();
    first();
    const third = queue.enter(["a"], never, refuse);
    let isThird = false;
    void Promise.resolve(third).then(() => (isThird = true));
    await second;
    await settled();
    expect(isThird).toBe(false);
  });

  it("is passed on by who has it for too long, and whose release is nobody else's then", async () => {
    const queue = new KeyQueue(1000, 0);
    const first = await queue.enter(["a"], never, refuse);
    const second = await queue.enter(["a", "b"], never, refuse);
    first();
    let isThird = false;
    const third = Promise.resolve(queue.enter(["b"], never, refuse)).then((release) => {
      isThird = true;
      return release;
    });
    expect(isThird).toBe(false);
    (await third)();
    second();
    expect(queue.enter(["a", "b"], never, refuse)).toEqual(expect.any(Function));
  });

  it("is kept by who has it for long and is waited for by nobody any more", async () => {
    const queue = new KeyQueue(1000, 0);
    await queue.enter(["a"], never, refuse);
    const controller = new AbortController();
    const leaving = queue.enter(["a"], () => controller.signal, refuse);
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    await new Promise((resolve) => setTimeout(resolve, 0));
    await settled();
    expect(queue.enter(["a"], never, refuse)).toEqual(expect.any(Promise));
  });

  it("is left by who is cancelled, and lets the keys go that it had", async () => {
    const queue = new KeyQueue();
    const held = await queue.enter(["b"], never, refuse);
    const controller = new AbortController();
    const waiting = queue.enter(["a", "b"], () => controller.signal, refuse);
    await settled();
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    expect(queue.enter(["a"], never, refuse)).toEqual(expect.any(Function));
    held();
    expect(queue.enter(["b"], never, refuse)).toEqual(expect.any(Function));
    await expect(queue.enter(["b"], () => controller.signal, refuse)).rejects.toThrow("gone");
  });

  it("refuses who would be too many", async () => {
    const queue = new KeyQueue(1);
    const first = await queue.enter(["a"], never, refuse);
    const second = queue.enter(["a"], never, refuse);
    await expect(queue.enter(["a"], never, refuse)).rejects.toThrow("full");
    first();
    (await second)();
  });

  it("is not a matter of how many wait with one signal", async () => {
    const warn = jest.spyOn(process, "emitWarning");
    const queue = new KeyQueue();
    const { signal } = new AbortController();
    const entering = Array.from({ length: 50 }, async () => (await queue.enter(["a"], () => signal, refuse))());
    await Promise.all(entering);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});
