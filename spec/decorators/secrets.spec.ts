import { DaprSecret, DaprServiceInvocationTrigger, readFunctions } from "../../lib/index.js";

describe("@DaprSecret", () => {
  it.each(["metadata.version_id=2", { version_id: "2" }])("keeps every option as it was given, %j", (metadata) => {
    const options = {
      name: "token",
      dataType: "string",
      secretStoreName: "vault",
      key: "{carrier}",
      metadata,
      daprAddress: "%Sidecar%",
    } as const;
    class Orders {
      @DaprServiceInvocationTrigger()
      @DaprSecret(options)
      read(_p: unknown, _b: { token: Record<string, string> }): void {}
    }
    expect(readFunctions([Orders])[0]!.inputs).toEqual([{ type: "daprSecret", direction: "in", ...options }]);
  });
});
