import { sharesOf, type CpuProfile } from "../../bench/report/shares.js";

const project = "file:///project";

/** @param frames name, url and microseconds, each called by the one before */
function profileOf(...frames: readonly (readonly [string, string, number])[]): CpuProfile {
  const nodes = frames.map(([functionName, url], index) => ({
    id: index + 1,
    callFrame: { functionName, url },
    ...(index + 1 < frames.length && { children: [index + 2] }),
  }));
  return { nodes, samples: nodes.map(({ id }) => id), timeDeltas: frames.map(([, , time]) => time) };
}

describe("the shares of a CPU profile", () => {
  it("are by whose code it is, largest first, and leave out what is idle", () => {
    const { kinds } = sharesOf(
      profileOf(
        ["(root)", "", 0],
        ["(idle)", "", 900],
        ["(garbage collector)", "", 10],
        ["(program)", "", 15],
        ["emit", "node:events", 20],
        ["request", `${project}/node_modules/undici/lib/api.js`, 25],
        ["validate", `${project}/node_modules/@scope/name/index.js`, 5],
        ["run", `${project}/contestants/ours.js`, 1],
        ["invoke", `${project}/node_modules/dapr-functions/dist/invocation/invoke.js`, 24],
      ),
    );
    expect(kinds).toEqual([
      { name: "undici", share: 0.25 },
      { name: "dapr-functions", share: 0.24 },
      { name: "node", share: 0.2 },
      { name: "native (sockets, the kernel)", share: 0.15 },
      { name: "garbage collector", share: 0.1 },
      { name: "@scope/name", share: 0.05 },
      { name: "the app", share: 0.01 },
    ]);
  });

  it("count what the engine provides for who called it, and the library by file", () => {
    const dist = `${project}/node_modules/dapr-functions/dist`;
    const { files } = sharesOf(
      profileOf(
        ["(root)", "", 0],
        ["answer", `${dist}/server/http-server.js`, 25],
        ["add", `${dist}/collectors/state.js`, 25],
        ["stringify", "", 50],
      ),
    );
    expect(files).toEqual([
      { name: "collectors/state.js", share: 0.75 },
      { name: "server/http-server.js", share: 0.25 },
    ]);
  });
});
