import { refuseUnsupportedRuntime } from "../../lib/sidecar/runtime.js";

describe("the runtime of the embedded sidecar", () => {
  it("is Node.js, and Bun is refused by name", () => {
    expect(() => refuseUnsupportedRuntime({ node: "22.0.0", bun: "1.4.0" })).toThrow("not on Bun; run it with node");
    expect(() => refuseUnsupportedRuntime()).not.toThrow();
  });
});
