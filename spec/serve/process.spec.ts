import { spawnSync } from "node:child_process";
import { slowClock, startServing, type Running } from "./served-process.js";
import { post, send } from "./support.js";

// Packing the library takes longer than a test may.
jest.setTimeout(60_000);

function forgetful(app: Running, how: string) {
  return send(app, "POST", "/forgetful", { headers: { "content-type": "text/plain" }, body: how });
}

/** What keeps any process alive: a timer, as a database's pool is. */
const pool = "setInterval(() => {}, 1000);";

const canUnshare = spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0;

describe("a process that serves", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("finishes what is in flight on %s, then ends with 0", async (signal) => {
    // Twice, as shells and npm do; from the process itself, since nobody else knows that it gets the second in time.
    const twice = `process.on("SIGUSR2", () => { for (const _ of "ab") process.kill(process.pid, "${signal}"); });`;
    const app = await startServing({ prelude: `${pool} ${twice}` });
    const answer = send(app, "POST", "/slow");
    await app.said("running");
    app.child.kill("SIGUSR2");
    await app.said("slow is to stop");
    app.goOn();
    expect((await answer).body).toBe('"done"');
    expect(app.sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
    expect(await app.ended).toBe(0);
  });

  it("stays healthy and reachable until then", async () => {
    const app = await startServing();
    const answer = send(app, "POST", "/slow");
    await app.said("running");
    const told = post(app, "/obedient", 1);
    await app.said("running obedient");
    app.child.kill("SIGTERM");
    await app.said("stopping ERR_APP_STOPPED");
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    expect((await post(app, "/quick", 1)).body).toBe('"quick"');
    app.goOn();
    expect((await answer).body).toBe('"done"');
    expect((await told).body).toBe('"obeyed"');
    expect(await app.ended).toBe(0);
    await expect(send(app, "GET", "/healthz")).rejects.toThrow("ECONNREFUSED");
  });

  it("gives an invocation that obeys its signal the time to answer", async () => {
    const app = await startServing({ options: { shutdownTimeout: 50 }, prelude: slowClock });
    const answer = post(app, "/obedient", 1);
    await app.said("running");
    app.child.kill("SIGTERM");
    await app.said("stopping ERR_APP_STOPPED");
    await app.said("aborted ERR_APP_STOPPED");
    expect((await answer).body).toBe('"obeyed"');
    expect(app.sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"k","value":1}]']);
    expect(await app.ended).toBe(0);
  });

  it("cuts what never ends after its time, and ends with 0", async () => {
    const app = await startServing({ options: { shutdownTimeout: 50 }, prelude: pool });
    const answer = post(app, "/endless", 1).catch((error: Error) => error.message);
    await app.said("running");
    app.child.kill("SIGTERM");
    expect(await answer).toMatch(/hang up|ECONNRESET/);
    expect(await app.ended).toBe(0);
  });

  it("waits for ever when told so, rather than 1 ms", async () => {
    const app = await startServing({ options: { shutdownTimeout: "Infinity" } });
    const answer = post(app, "/slow", 1);
    await app.said("running");
    const told = post(app, "/obedient", 1);
    told.catch(() => undefined);
    await app.said("running obedient");
    app.child.kill("SIGTERM");
    await app.said("stopping");
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
    app.goOn();
    expect((await answer).status).toBe(200);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends at once at a second signal, %s: %i", async (signal, code) => {
    const app = await startServing({ prelude: pool });
    post(app, "/slow", 1).catch(() => undefined);
    await app.said("running");
    app.child.kill("SIGTERM");
    // It has had the first: two that it has not yet seen would be one.
    await app.said("slow is to stop");
    // Longer than the echo of a shell.
    await new Promise((resolve) => setTimeout(resolve, 200));
    app.child.kill(signal);
    expect(await app.ended).toBe(code);
  });

  it("ends as the first process of a container, where no signal would end it", async () => {
    // Not every machine lets one make a container.
    if (!canUnshare) return;
    const app = await startServing({ prelude: pool, by: ["unshare", "--pid", "--fork", "--kill-child"] });
    // unshare itself ignores what its child handles.
    const { stdout } = spawnSync("pgrep", ["-P", String(app.child.pid)], { encoding: "utf8" });
    process.kill(Number(stdout), "SIGTERM");
    expect(await app.ended).toBe(0);
  });

  it.each([
    ["4", ["signal-exit"], 'require("signal-exit").onExit(() => console.log("exit hook"));'],
    // As version 3 counts itself; it is nobody's direct dependency here.
    [
      "3",
      [],
      'process.__signal_exit_emitter__ = { count: 1 }; process.on("SIGTERM", () => {}).on("exit", () => console.log("exit hook"));',
    ],
  ])(
    "ends at once beside signal-exit %s, which waits for all others, and lets it do its work",
    async (_version, packages, hook) => {
      // Else it would end in time by waiting for somebody else.
      const app = await startServing({
        options: { shutdownTimeout: "Infinity" },
        packages,
        prelude: `${pool} ${hook}`,
      });
      app.child.kill("SIGTERM");
      await app.said("exit hook");
      expect(await app.ended).toBe(0);
    },
  );

  const told = '() => { console.log("told"); setTimeout(() => process.exit(7), 300); }';

  it.each([
    ["that listens on", `process.on("SIGTERM", ${told});`],
    ["that listens once", `process.once("SIGTERM", ${told});`],
    ["that was put before all others", `process.prependListener("SIGTERM", ${told});`],
    [
      "that listens once, and comes later",
      `process.once("newListener", () => process.nextTick(() => process.once("SIGTERM", ${told})));`,
    ],
    ["beside signal-exit", `${pool} require("signal-exit").onExit(() => {}); process.once("SIGTERM", ${told});`],
  ])("leaves its end to a listener of the program's own %s", async (_which, prelude) => {
    const app = await startServing({ prelude, packages: ["signal-exit"] });
    app.child.kill("SIGTERM");
    await app.said("told");
    expect(await app.ended).toBe(7);
  });

  it("ends at once beside a listener of the program's own for another signal", async () => {
    const app = await startServing({
      options: { shutdownTimeout: "Infinity" },
      prelude: `${pool} process.on("SIGINT", () => {});`,
    });
    app.child.kill("SIGTERM");
    expect(await app.ended).toBe(0);
  });

  it("ends beside a listener that does not end it, after the time that it had", async () => {
    const app = await startServing({
      options: { shutdownTimeout: 50 },
      prelude: `${pool} process.on("SIGTERM", () => console.log("told"));`,
    });
    app.child.kill("SIGTERM");
    await app.said("told");
    expect(await app.ended).toBe(0);
  });

  it("lives on when told so", async () => {
    const app = await startServing({
      options: { exitOnSignal: false },
      prelude: `${pool} process.on("exit", () => console.log("exit"));`,
    });
    app.child.kill("SIGTERM");
    const closed = async (): Promise<void> => {
      for (;;)
        if (
          !(await send(app, "GET", "/healthz").then(
            () => true,
            () => false,
          ))
        )
          return;
    };
    await closed();
    expect(app.child.exitCode).toBeNull();
    app.child.kill("SIGKILL");
    expect(await app.ended).toBe("SIGKILL");
  });

  it("does not wait for a sidecar whose port takes no connection", async () => {
    // An address of a documentation network: packets to it are answered by nobody.
    const app = await startServing({
      options: { daprUrl: "http://192.0.2.1:3500", shutdownTimeout: 100 },
      env: { DAPR_DISABLE_SIDECAR_METADATA_CHECK: "" },
    });
    post(app, "/quick", 1).catch(() => undefined);
    const begin = performance.now();
    app.child.kill("SIGTERM");
    expect(await app.ended).toBe(0);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it("lives on when a function forgets to await, and says so", async () => {
    const app = await startServing();
    await forgetful(app, "add");
    await app.said("the invocation had ended");
    await forgetful(app, "reject");
    await app.said("nobody awaits");
    expect((await forgetful(app, "nothing")).status).toBe(200);
  });

  it("lives on whatever a promise is rejected with that nobody awaits", async () => {
    const app = await startServing();
    await forgetful(app, "anything");
    const said = () => app.lines.filter((line) => line.includes("a promise was rejected that nobody awaits")).length;
    while (said() < 9 && app.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await forgetful(app, "nothing")).status).toBe(200);
  });

  it("whose function ends it answers nobody, sends nothing of that invocation, and has the code that was given", async () => {
    const app = await startServing();
    const stuck = post(app, "/endless", 1);
    const answers = Promise.allSettled([stuck, post(app, "/exits", 3)]);
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await app.ended).toBe(3);
    expect(app.sidecar.lines).toEqual([]);
  });

  it("does so with two apps in it, and ends when both have closed", async () => {
    const app = await startServing({ twice: true, prelude: pool });
    await forgetful(app, "reject");
    await app.said("nobody awaits");
    app.child.kill("SIGTERM");
    expect(await app.ended).toBe(0);
    expect(app.lines.filter((line) => line.includes("a promise was rejected that nobody awaits"))).toHaveLength(1);
  });

  it("ends at any other exception that nobody catches, as ever", async () => {
    const app = await startServing();
    await forgetful(app, "throw");
    await app.said("Error: a bug");
    expect(await app.ended).toBe(1);
  });
});
