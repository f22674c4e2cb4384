import { request, type ClientRequest } from "node:http";
import { startServing, type Running } from "./served-process.js";
import { json, post } from "./support.js";

// Packing the library takes longer than a test may.
jest.setTimeout(60_000);

/** A caller that may leave. */
function caller({ port }: Running, path: string, body: string): ClientRequest {
  const outgoing = request({ port, method: "POST", path, agent: false, headers: json } as never);
  outgoing.on("error", () => undefined);
  outgoing.end(body);
  return outgoing;
}

/** The console shows no `debug`, which is what callers that leave are worth. */
const saysAll = "options.log = { ...console, debug: console.log };";

describe("in a process that serves", () => {
  it("the signal of an invocation is aborted when its caller leaves, nobody else's is, and what it adds is sent", async () => {
    const app = await startServing();
    const sent = new Promise<string>((resolve) => {
      app.sidecar.answer = ({ body }) => {
        resolve(body);
        return undefined;
      };
    });
    const stays = post(app, "/slow", 1);
    await app.said("running slow");
    const leaves = caller(app, "/obedient", "1");
    await app.said("running obedient");
    leaves.destroy();
    await app.said("aborted ERR_CALLER_GONE");
    expect(await sent).toBe('[{"key":"k","value":1}]');
    app.goOn();
    expect((await stays).body).toBe('"done"');
  });

  it.each([
    ["of the app", "/obedient", { invocationTimeout: 1000 }],
    ["of a trigger, before that of the app", "/brief", { invocationTimeout: 600_000 }],
  ])("a time limit %s answers 504 and aborts the signal; nothing is sent", async (_of, path, options) => {
    const app = await startServing({ options });
    const answer = await post(app, path, 1);
    expect(answer).toMatchObject({ status: 504, json: { errorCode: "ERR_INVOCATION_TIMEOUT" } });
    await app.said("aborted ERR_INVOCATION_TIMEOUT");
    await app.said("the invocation had ended");
    expect(app.sidecar.lines).toEqual([]);
  });

  it("a queue has its bound, and is left by callers that go away, whose functions never run", async () => {
    const app = await startServing({ options: { maxConcurrency: 1, maxQueue: 1 }, prelude: saysAll });
    const first = post(app, "/slow", 1);
    await app.said("running slow");
    const two = ["1", "2"].map((name) => caller(app, "/obedient", name));
    const refused = await Promise.race(
      two.map(
        (one) =>
          new Promise<{ one: ClientRequest; status: number; retryAfter: string }>((resolve) =>
            one.on("response", ({ statusCode, headers }) =>
              resolve({ one, status: statusCode!, retryAfter: headers["retry-after"]! }),
            ),
          ),
      ),
    );
    expect(refused).toMatchObject({ status: 503, retryAfter: "1" });
    for (const one of two) if (one !== refused.one) one.destroy();
    await app.said("obedient failed: ERR_CALLER_GONE");
    app.goOn();
    expect((await first).body).toBe('"done"');
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
    expect(app.lines.filter((line) => line.startsWith("running obedient"))).toEqual([]);
  });

  it("the concurrency of a trigger lets as many run, and holds up no other function", async () => {
    const app = await startServing();
    const calls = [1, 2, 3].map((name) => post(app, "/narrow", name));
    await app.said("running narrow");
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
    for (let ran = 1; ran <= 3; ran++) {
      while (app.lines.filter((line) => line.startsWith("running narrow")).length < ran)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(app.lines.filter((line) => line.startsWith("running narrow"))).toHaveLength(ran);
      app.goOn();
    }
    expect((await Promise.all(calls)).map(({ body }) => body)).toEqual(["1", "2", "3"]);
  });
});
