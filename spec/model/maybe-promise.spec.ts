import { runInNewContext } from "node:vm";
import { andThen, attempt } from "../../lib/model/maybe-promise.js";

const double = (value: number): number => value * 2;

describe("andThen", () => {
  it("goes on at once with a value that is there", () => {
    expect(andThen(2, double)).toBe(4);
  });

  it("goes on with what a promise gives, of this realm or another", async () => {
    await expect(andThen(Promise.resolve(2), double)).resolves.toBe(4);
    const foreign = runInNewContext("Promise.resolve(2)") as Promise<number>;
    await expect(andThen(foreign, double)).resolves.toBe(4);
  });

  it("gives a rejection to onError, and not what onValue throws", async () => {
    const onError = (thrown: unknown): string => `caught ${String(thrown)}`;
    await expect(andThen<number, number | string>(Promise.reject(new Error("late")), double, onError)).resolves.toBe(
      "caught Error: late",
    );
    const fails = (): never => {
      throw new Error("in onValue");
    };
    await expect(andThen(Promise.resolve(1), fails, onError)).rejects.toThrow("in onValue");
    expect(() => andThen(1, fails, onError)).toThrow("in onValue");
  });
});

describe("attempt", () => {
  const onError = (thrown: unknown): string => `caught ${String(thrown)}`;

  it("gives onError what the step throws and what it rejects with", async () => {
    const throwing = (): number => {
      throw new Error("now");
    };
    expect(attempt(throwing, String, onError)).toBe("caught Error: now");
    await expect(attempt(() => Promise.reject(new Error("late")), String, onError)).resolves.toBe("caught Error: late");
  });

  it("gives onValue what the step gives", async () => {
    expect(attempt(() => 1, String, onError)).toBe("1");
    await expect(attempt(() => Promise.resolve(1), String, onError)).resolves.toBe("1");
  });
});
