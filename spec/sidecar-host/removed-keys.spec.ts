import { RemovedKeys } from "../../lib/sidecar-host/removed-keys.js";

describe("keys that were removed", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it("are deleted after their time, one by one, whatever one fails with", async () => {
    const keys = new RemovedKeys(1000);
    const deleted: string[] = [];
    const forget = (name: string) => (): Promise<void> => {
      deleted.push(name);
      return name === "a" ? Promise.reject(new Error("changed")) : Promise.resolve();
    };
    keys.add(forget("a"));
    await jest.advanceTimersByTimeAsync(600);
    keys.add(forget("b"));
    await jest.advanceTimersByTimeAsync(399);
    expect(deleted).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(deleted).toEqual(["a"]);
    await jest.advanceTimersByTimeAsync(600);
    expect(deleted).toEqual(["a", "b"]);
    keys.add(forget("c"));
    await jest.advanceTimersByTimeAsync(1000);
    expect(deleted).toEqual(["a", "b", "c"]);
  });

  it("are so many at most, of which the oldest stay", async () => {
    const keys = new RemovedKeys(1000, 2);
    const deleted: string[] = [];
    for (const name of ["a", "b", "c"]) keys.add(() => Promise.resolve(void deleted.push(name)));
    await jest.advanceTimersByTimeAsync(1000);
    expect(deleted).toEqual(["b", "c"]);
  });
});
