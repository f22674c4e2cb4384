import { EventEmitter } from "node:events";
import workerThreads from "node:worker_threads";
import { RuleEvaluator } from "../../../lib/sidecar/app/rules.js";

describe("RuleEvaluator", () => {
  const evaluator = new RuleEvaluator();
  afterAll(() => evaluator.close());
  const data = { total: 12, name: "xyz", list: [1, 2], o: { a: null }, flag: true };
  const matches = async (match: string) => {
    const rule = { match, path: "/" };
    return (await evaluator.firstMatch([rule], { type: "v2", data })) === rule;
  };

  // Each compared with daprd's own answer.
  it.each([
    "event.type == 'v2'",
    "event.type in ['v1', 'v2']",
    "event.data.total == 12",
    "event.data.total >= 11.5",
    "event.data['total'] > 1",
    "int(event.data.total) % 2 == 0",
    "event.data.total + 1.0 > 3.0",
    "!has(event.data.missing)",
    "'total' in event.data",
    "event.data.name.startsWith('x') && event.data.name.endsWith('z')",
    "event.data.name.matches('^x.*z$')",
    "size(event.data.list) == 2 && event.data.list.exists(i, i == 2)",
    "event.data.o.a == null",
    "event.data.flag",
    "event.nope == 1 || event.data.flag",
    "",
  ])("finds true: %s", async (match) => expect(await matches(match)).toBe(true));

  it.each([
    "event.type == 'v1'",
    "has(event.data.missing) && event.data.missing > 1",
    "event.data.total == '12'",
    "event.nope == 1 && event.type == 'zzz'",
  ])("finds false: %s", async (match) => expect(await matches(match)).toBe(false));

  it.each([
    "event.data.missing > 1",
    "has(event.missing.x)",
    "event.data.total + 1 > 3",
    "event.data.total < 'b'",
    "event.data.list[5] == 1",
    "event.data.total",
    "data.total > 1",
  ])("cannot decide: %s", async (match) => {
    await expect(matches(match)).rejects.toThrow(Error);
  });

  it("checks an expression without an event", async () => {
    await expect(evaluator.check("event.data.missing > 1")).resolves.toBeUndefined();
    await expect(evaluator.check("event.type ==")).rejects.toThrow("Unexpected token");
  });

  it("asks another worker when one has failed, and is not disturbed by the end of that", async () => {
    class FakeWorker extends EventEmitter {
      readonly questions: { readonly id: number }[] = [];
      unref(): void {}
      postMessage(question: { readonly id: number }): void {
        this.questions.push(question);
      }
    }
    const workers: FakeWorker[] = [];
    const made = jest.spyOn(workerThreads, "Worker").mockImplementation(() => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as workerThreads.Worker;
    });
    try {
      const own = new RuleEvaluator();
      const failing = own.check("a");
      workers[0]!.emit("error", new Error("out of memory"));
      await expect(failing).rejects.toThrow("out of memory");
      const checking = own.check("b");
      workers[0]!.emit("exit", 1);
      const [{ id }] = workers[1]!.questions as [{ id: number }];
      workers[1]!.emit("message", { id, value: true });
      await expect(checking).resolves.toBeUndefined();
    } finally {
      made.mockRestore();
    }
  });
});
