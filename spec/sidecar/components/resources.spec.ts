import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appWith, call, closeAll, Lines, sidecarWith } from "../support.js";

describe("what the embedded sidecar does not do is said in a line:", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "resources-"));
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });
  const linesOf = async (text: string): Promise<readonly string[]> => {
    writeFileSync(join(folder, "a.yaml"), text);
    const log = new Lines();
    await sidecarWith(folder, { log });
    return log.all.slice(1).map((line) => line.replaceAll(folder, "…"));
  };
  const manifest = (kind: string, spec: object = {}, apiVersion = "dapr.io/v1alpha1"): string =>
    JSON.stringify({ apiVersion, kind, metadata: { name: "r" }, spec });
  const cart = manifest("Component", { type: "state.in-memory" });

  it.each([
    ["Componnt", /^…\/a.yaml:1: kind "Componnt" is not one of Dapr's, so it is passed over; did you mean Component\?$/],
    ["component", /kind "component" .* did you mean Component\?$/],
    ["Resilience", /kind "Resilience" .* did you mean Resiliency\?$/],
    ["Deployment", /kind "Deployment" is not one of Dapr's, so it is passed over$/],
    ["Configuration", /Configuration is not applied by the embedded sidecar; daprd applies it$/],
    ["HTTPEndpoint", /HTTPEndpoint is not applied by the embedded sidecar; daprd applies it$/],
  ])("a document of kind %s", async (kind, line) => {
    expect(await linesOf(manifest(kind))).toEqual([expect.stringMatching(line)]);
  });

  it("a document without a kind", async () => {
    expect(await linesOf("services: {}\n")).toEqual(["…/a.yaml:1: a document without a kind is passed over"]);
  });

  it("an apiVersion that is none", async () => {
    expect(await linesOf(manifest("Component", {}, "dapr.io/v1"))).toEqual([
      '…/a.yaml:1: Component of apiVersion "dapr.io/v1" is passed over, as by daprd; write dapr.io/v1alpha1',
    ]);
  });

  it("a Resiliency that daprd would not read", async () => {
    expect(await linesOf(`${cart}\n---\n${manifest("Resiliency")}`)).toEqual([
      expect.stringMatching(/:3: Resiliency is passed over, as by daprd, which reads it only as the first document/),
    ]);
  });

  it("policies for actors, and names of policies that are not there", async () => {
    const targets = { actors: { a: { retry: "x" } }, apps: { b: { retry: "gone", timeout: "late" } } };
    expect(await linesOf(manifest("Resiliency", { targets }))).toEqual([
      '…/a.yaml:1: Resiliency "r": a target names the timeout "late", which it does not have',
      '…/a.yaml:1: Resiliency "r": a target names the retry "gone", which it does not have',
      '…/a.yaml:1: Resiliency "r": its policies for actors are not applied here; daprd applies them',
    ]);
  });

  it.each([
    ["Resiliency", { policies: { timeouts: { t: "soon" } } }, /the duration t is "soon"; write one like 250ms or 5s/],
    [
      "Resiliency",
      { policies: { retries: { r: { policy: "often" } } } },
      /a retry's policy is "often"; write constant/,
    ],
    ["Resiliency", { policies: { retries: { r: { maxRetries: "x" } } } }, /maxRetries is text; write a whole number/],
    [
      "Resiliency",
      { policies: { retries: { r: { matching: { httpStatusCodes: "5xx" } } } } },
      /httpStatusCodes hold "5xx"; write codes and ranges/,
    ],
    ["Resiliency", { targets: { apps: [] } }, /spec.targets.apps is a list; write an object/],
    ["Subscription", { topic: "t" }, /the subscription names no topic; give it spec.pubsubname and spec.topic/],
    ["Subscription", { pubsubname: "b", topic: "t" }, /to topic t has no route; give it spec.route/],
    ["Subscription", { pubsubname: "b", topic: "t", route: "/t", metadata: { a: [] } }, /spec.metadata.a is a list/],
  ])("a %s of %j stops the start", async (kind, spec, message) => {
    await expect(linesOf(manifest(kind, spec))).rejects.toMatchObject({
      code: "component-invalid",
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("what is missed at the call is said in a line:", () => {
  afterEach(closeAll);

  it.each([
    ["GET /v1.0/configuration/store?key=a", "configuration"],
    ["POST /v1.0/actors/a/1/method/m", "actors"],
    ["POST /v1.0-alpha1/lock/store", "distributed lock"],
    ["POST /v1.0-alpha1/state/cart/query", "state query"],
    ["PUT /v1.0-alpha1/crypto/c/encrypt", "cryptography"],
    ["POST /v1.0-alpha1/jobs/j", "jobs"],
    ["GET /v1.0-beta1/workflows/w/1", "workflow"],
    ["POST /v1.0-alpha2/conversation/c/converse", "conversation"],
  ])("%s", async (line, name) => {
    const log = new Lines();
    const sidecar = await sidecarWith([{ name: "cart", type: "state.in-memory" }], { log });
    const message = `the embedded sidecar does not have Dapr's ${name} API; run the app beside daprd, which has it`;
    for (let n = 0; n < 2; n++) {
      expect(await call(sidecar, line)).toMatchObject({
        status: 501,
        json: { errorCode: "ERR_API_NOT_EMBEDDED", message },
      });
    }
    expect(log.all.slice(1)).toEqual([message]);
  });

  it("a subscription to a component that is not there, a binding and a route that the app does not have", async () => {
    const log = new Lines();
    const app = await appWith({
      "GET /dapr/subscribe": {
        body: [
          { pubsubname: "bsu", topic: "t", route: "/t" },
          { pubsubname: "bus", topic: "u", route: "/u" },
        ],
      },
    });
    const tick = { name: "tick", type: "bindings.cron", metadata: { schedule: "@hourly", route: "/tock" } };
    const sidecar = await sidecarWith([{ name: "bus", type: "pubsub.in-memory" }, tick], { log });
    await sidecar.connect(app);
    expect(log.all.slice(1)).toEqual([
      'topic t gets no events: there is no pubsub component "bsu" (there is bus)',
      'binding "tick" is not read: the app has no route /tock',
    ]);
    await call(sidecar, "POST /v1.0/publish/bus/u", { body: "x" });
    await log.next(/an event of topic u of bus is lost: the app answered 404, so it has no such route/);
  });
});
