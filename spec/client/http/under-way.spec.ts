import { UnderWay } from "../../../lib/client/http/under-way.js";

type Request = Parameters<UnderWay["add"]>[0] & { readonly stopped: string[] };

/** A request that is stopped by the signal, or when its milliseconds are up. */
function request(underWay: UnderWay, signal?: AbortSignal, timeout = 60_000, onStop?: () => void): Request {
  const stopped: string[] = [];
  const made: Request = {
    timeout,
    ends: performance.now() + timeout,
    signal,
    received: 0,
    position: -1,
    stopped,
    stop(error) {
      stopped.push(error.message);
      underWay.delete(made);
      onStop?.();
    },
  };
  underWay.add(made);
  return made;
}

describe("the requests under way", () => {
  it.each([
    [[0], [1, 2]],
    [[2], [0, 1]],
    [[0, 2], [1]],
    [[2, 0], [1]],
    [[0, 1], [2]],
    [[1, 0], [2]],
    [[0, 1, 2], []],
  ])("stay when %j of three have been answered: %j", (answered, left) => {
    const underWay = new UnderWay();
    const controller = new AbortController();
    const requests = [0, 1, 2].map(() => request(underWay, controller.signal));
    for (const index of answered) underWay.delete(requests[index]!);
    controller.abort(new Error("no more"));
    expect(requests.flatMap(({ stopped }, index) => (stopped.length === 0 ? [] : [index]))).toEqual(left);
    expect(requests.every(({ stopped }) => stopped.length < 2)).toBe(true);
  });

  it("end when their time is up, and no other", async () => {
    const underWay = new UnderWay();
    const [first, last] = [request(underWay), request(underWay)];
    let brief: Request | undefined;
    const over = new Promise<void>((resolve) => (brief = request(underWay, undefined, 20, resolve)));
    const other = request(underWay);
    underWay.delete(first);
    underWay.delete(other);
    underWay.delete(last);
    await over;
    expect(brief!.stopped).toEqual(["no answer within 20 ms"]);
    expect([...first.stopped, ...last.stopped, ...other.stopped]).toEqual([]);
  });

  it("may be taken out twice", () => {
    const underWay = new UnderWay();
    const controller = new AbortController();
    const [one, ...others] = [1, 2, 3].map(() => request(underWay, controller.signal));
    underWay.delete(one!);
    underWay.delete(one!);
    controller.abort(new Error("no more"));
    expect(one!.stopped).toEqual([]);
    expect(others.map(({ stopped }) => stopped)).toEqual([["no more"], ["no more"]]);
  });

  it("are ended by their own signal only", () => {
    const underWay = new UnderWay();
    const [own, foreign] = [new AbortController(), new AbortController()];
    const requests = [request(underWay, own.signal), request(underWay, foreign.signal), request(underWay)];
    own.abort(new Error("no more"));
    expect(requests.map(({ stopped }) => stopped)).toEqual([["no more"], [], []]);
  });
});
