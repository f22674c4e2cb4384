import { IsPositive, IsString } from "class-validator";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  type Collector,
  type StateCollector,
} from "../../lib/index.js";
import { json, post, send, serving } from "./support.js";

class Order {
  @IsString() id!: string;
  @IsPositive() total!: number;
}

interface Outputs {
  first: StateCollector<unknown>;
  second: Collector<unknown>;
}

/** A function with a state output and, after it, a publish output, that does what is given. */
function working(work: (payload: unknown, outputs: Outputs) => unknown) {
  class Worker {
    @DaprServiceInvocationTrigger()
    @DaprStateOutput({ name: "first", stateStore: "store" })
    @DaprPublish({ name: "second", pubSubName: "bus", topic: "news" })
    work(payload: unknown, outputs: Outputs): unknown {
      return work(payload, outputs);
    }
  }
  return serving([Worker]);
}

describe("what is promised of one invocation", () => {
  it("a method that throws sends nothing, however much it added", async () => {
    const { app, sidecar } = await working((_payload, { first, second }) => {
      first.add(1, { key: "a" });
      second.add(2);
      throw new Error("no");
    });
    expect((await send(app, "POST", "/work")).status).toBe(500);
    expect(sidecar.requests).toEqual([]);
  });

  it("an item that cannot be sent fails in its add, before anything is sent", async () => {
    const { app, sidecar } = await working((_payload, { first, second }) => {
      first.add(1, { key: "a" });
      second.add(undefined);
    });
    const answer = await send(app, "POST", "/work");
    expect([answer.status, answer.json]).toEqual([500, expect.objectContaining({ errorCode: "ERR_DAPR_BAD_REQUEST" })]);
    expect(sidecar.requests).toEqual([]);
  });

  it("outputs are sent in the order declared, each completely, and then the reply", async () => {
    const { app, sidecar } = await working((_payload, { first, second }) => {
      second.add("x");
      first.add(1, { key: "a" });
      first.add(2, { key: "b" });
      second.add("y");
      return "done";
    });
    expect((await send(app, "POST", "/work")).body).toBe('"done"');
    expect(sidecar.lines).toEqual([
      'POST /v1.0/state/store [{"key":"a","value":1},{"key":"b","value":2}]',
      'POST /v1.0/publish/bus/news "x"',
      'POST /v1.0/publish/bus/news "y"',
    ]);
  });

  it("the first failure stops, and the error says what was sent; its status is ours", async () => {
    const { app, sidecar } = await working((_payload, { first, second }) => {
      first.add(1, { key: "a" });
      second.add("x");
      second.add("y");
    });
    sidecar.answer = ({ body }) =>
      body === '"x"' ? { status: 404, body: '{"errorCode":"ERR_PUBSUB_NOT_FOUND","message":"no bus"}' } : undefined;
    const answer = await send(app, "POST", "/work");
    expect([answer.status, sidecar.requests.length]).toEqual([500, 2]);
    expect(answer.json).toMatchObject({
      errorCode: "ERR_PUBSUB_NOT_FOUND",
      message: expect.stringMatching(/output "second": item 1 of 2 failed: .*no bus; sent before: 1 of "first"/),
    });
  });

  it("what the method changes of its payload does not change where its items go", async () => {
    class Worker {
      @DaprServiceInvocationTrigger()
      @DaprStateOutput({ name: "out", stateStore: "store", key: "{user.id}" })
      work(payload: { user: { id: string } }, { out }: { out: Collector<number> }): void {
        payload.user.id = "other";
        out.add(1);
      }
    }
    const { app, sidecar } = await serving([Worker]);
    await post(app, "/work", { user: { id: "mine" } });
    expect(sidecar.lines).toEqual(['POST /v1.0/state/store [{"key":"mine","value":1}]']);
  });

  it("nothing of a payload makes a second expression, a path or a header", async () => {
    class Worker {
      @DaprServiceInvocationTrigger()
      @DaprStateInput({ name: "value", stateStore: "store", key: "{id}" })
      work(_payload: { id: string }, { value }: { value: unknown }): unknown {
        return value ?? null;
      }
    }
    const { app, sidecar } = await serving([Worker]);
    for (const id of ["../../secrets/vault/x", "{other}", "%PATH%", "a\r\nx-b: 1", "..", "a?b#c"]) {
      await post(app, "/work", { id, other: "no" });
    }
    expect(sidecar.requests.map(({ path }) => path)).toEqual([
      "/v1.0/state/store/..%2F..%2Fsecrets%2Fvault%2Fx",
      "/v1.0/state/store/%7Bother%7D",
      "/v1.0/state/store/%25PATH%25",
      "/v1.0/state/store/a%0D%0Ax-b%3A%201",
      "/v1.0/state/store/%2E%2E",
      "/v1.0/state/store/a%3Fb%23c",
    ]);
  });

  it("a payload of a class arrives as a valid instance, or is 400 with what is wrong", async () => {
    class Orders {
      @DaprServiceInvocationTrigger()
      create(order: Order): string {
        return `${order instanceof Order} ${order.id}`;
      }
    }
    const { app, log } = await serving([Orders]);
    expect((await post(app, "/create", { id: "41", total: 3 })).body).toBe('"true 41"');
    const wrong = await post(app, "/create", { id: "4111 1111 1111 1111", total: -1 });
    expect([wrong.status, wrong.json]).toEqual([
      400,
      expect.objectContaining({
        errorCode: "ERR_PAYLOAD_INVALID",
        issues: [{ path: "total", message: expect.any(String), rule: "isPositive" }],
      }),
    ]);
    const empty = await send(app, "POST", "/create", { headers: json });
    expect([empty.status, empty.json]).toEqual([400, expect.objectContaining({ errorCode: "ERR_PAYLOAD_INVALID" })]);
    expect(log.lines.join("\n")).not.toContain("4111");
  });
});
