import {
  createHandler,
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  Reply,
  type CloudEvent,
  type HttpRequest,
  type HttpResponse,
} from "../../lib/index.js";
import { atEnd, deliver, json, keptLog, post, send, serving, withVariable } from "../serve/support.js";

/** Whatever is put into `body` is what the function does with its payload. */
function shipping(body: (payload: unknown) => unknown) {
  class Shipping {
    @FunctionName("Ship")
    @DaprServiceInvocationTrigger()
    ship(payload: unknown): unknown {
      return body(payload);
    }
  }
  return serving([Shipping]);
}

describe("docs/wire-format.md, Answers of the app", () => {
  it("an empty body is undefined, and a string is replied as JSON", async () => {
    const { app } = await shipping((payload) => typeof payload);
    const answer = await send(app, "POST", "/Ship");
    expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
      200,
      "application/json",
      '"undefined"',
    ]);
  });

  it("text stays text, and paths match ignoring case", async () => {
    const { app } = await shipping((payload) => [payload]);
    const answer = await send(app, "POST", "/ship", { headers: { "content-type": "text/plain" }, body: "5" });
    expect(answer.json).toEqual(["5"]);
  });

  it("malformed JSON is 400, and the method does not run", async () => {
    const run = jest.fn();
    const { app } = await shipping(run);
    const answer = await send(app, "POST", "/ship", { headers: json, body: "{oops" });
    expect([answer.status, answer.json]).toEqual([
      400,
      {
        errorCode: "ERR_MALFORMED_REQUEST",
        message: "the body is not valid JSON; send JSON",
        functionName: "Ship",
        invocationId: expect.stringMatching(/^[\da-f-]{36}$/),
      },
    ]);
    expect(run).not.toHaveBeenCalled();
  });

  it("JSON that is not UTF-8 is 400 for HTTP functions as for service invocation, and stored by none", async () => {
    class Id {
      id!: string;
    }
    class Http {
      @DaprServiceInvocationTrigger()
      invoked(payload: unknown): unknown {
        return payload;
      }
      @HttpTrigger({ route: "typed", payload: Id })
      async typed(request: HttpRequest<Id>): Promise<HttpResponse> {
        return { jsonBody: await request.json() };
      }
      @HttpTrigger({ route: "asked" })
      async asked(request: HttpRequest): Promise<HttpResponse> {
        return { jsonBody: await request.json() };
      }
    }
    const handler = await createHandler([Http], { daprUrl: "http://127.0.0.1:1", log: keptLog() });
    atEnd(() => handler.close());
    const { app } = await serving([Http]);
    const body = Buffer.from('{"id":"\xff"}', "latin1");
    const refused = [400, "ERR_MALFORMED_REQUEST", "the body is JSON that is not UTF-8; send it in UTF-8"];
    for (const path of ["/invoked", "/api/typed", "/api/asked"]) {
      const { status, json: answer } = await send(app, "POST", path, { headers: json, body });
      const { errorCode, message } = answer as { errorCode: string; message?: string };
      expect([path, status, errorCode, message ?? refused[2]]).toEqual([path, ...refused]);
      const fetched = await handler.fetch(new Request(`http://shop${path}`, { method: "POST", headers: json, body }));
      expect([path, fetched.status]).toEqual([path, 400]);
      const latin = { "content-type": "application/json; charset=iso-8859-1" };
      expect((await send(app, "POST", path, { headers: latin, body })).json).toEqual({ id: "ÿ" });
    }
  });

  it("a Reply sets status, headers and body", async () => {
    const { app } = await shipping(() => new Reply({ status: 418, headers: { "x-a": "1" }, body: { a: 1 } }));
    const answer = await send(app, "POST", "/Ship");
    expect([answer.status, answer.headers["x-a"], answer.headers["content-type"], answer.body]).toEqual([
      418,
      "1",
      "application/json",
      '{"a":1}',
    ]);
  });

  it("an object that looks like a reply is data; an event fails on it", async () => {
    class Looks {
      @DaprServiceInvocationTrigger()
      looks(_payload: unknown): unknown {
        return { status: 404 };
      }
      @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
      event(_event: CloudEvent): unknown {
        return { status: 404 };
      }
    }
    const { app } = await serving([Looks as never]);
    const invoked = await send(app, "POST", "/looks");
    expect([invoked.status, invoked.body]).toEqual([200, '{"status":404}']);
    const delivered = await deliver(app, "/orders", { data: 1 });
    expect([delivered.status, delivered.json]).toEqual([
      500,
      expect.objectContaining({ errorCode: "ERR_REPLY_INVALID" }),
    ]);
  });

  it("a topic's status is sent in upper case", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus" })
      orders(_event: CloudEvent) {
        return { status: "retry" as "RETRY" };
      }
    }
    const { app } = await serving([Topic]);
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
      200,
      "application/json",
      '{"status":"RETRY"}',
    ]);
  });

  it("an event that is not an object is dropped to the dead letter topic, else kept", async () => {
    class Topics {
      @DaprTopicTrigger({ pubSubName: "bus", deadLetterTopic: "dead" })
      first(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus" })
      second(_event: CloudEvent): void {}
    }
    const { app } = await serving([Topics]);
    expect((await post(app, "/first", [1])).body).toBe('{"status":"DROP"}');
    expect((await post(app, "/second", [1])).body).toBe('{"status":"RETRY"}');
  });

  it("a bare message is wrapped into an event", async () => {
    let received: CloudEvent | undefined;
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "totals" })
      total(event: CloudEvent): void {
        received = event;
      }
    }
    const { app } = await serving([Topic]);
    expect((await post(app, "/totals", { total: 3 })).status).toBe(200);
    expect(received).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      specversion: "1.0",
      type: "com.dapr.event.sent",
      source: "Dapr",
      datacontenttype: "application/json",
      topic: "totals",
      pubsubname: "bus",
      data: { total: 3 },
    });
  });

  it("a state that answers 404 makes a topic event 500, never 404", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus" })
      @DaprStateInput({ name: "cart", stateStore: "gone", key: "u1" })
      orders(_event: CloudEvent, _bindings: { cart: unknown }): void {}
    }
    const { app, sidecar } = await serving([Topic]);
    sidecar.answer = () => ({ status: 404, body: '{"errorCode":"ERR_STATE_STORE_NOT_FOUND","message":"no"}' });
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.json]).toEqual([
      500,
      expect.objectContaining({ errorCode: "ERR_STATE_STORE_NOT_FOUND" }),
    ]);
  });

  it("every entry of a bulk request has its own status", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", bulk: true })
      orders(event: CloudEvent<string>): { status: "DROP" } | undefined {
        if (event.data === "throws") throw new Error("no");
        return event.data === "drop" ? { status: "DROP" } : undefined;
      }
    }
    const { app } = await serving([Topic]);
    const entry = (entryId: string, data: string) => ({
      entryId,
      event: { specversion: "1.0", id: entryId, source: "s", type: "t", data },
      metadata: {},
      contentType: "application/cloudevents+json",
    });
    const answer = await post(app, "/orders", {
      entries: [entry("e1", "ok"), entry("e2", "throws"), entry("e3", "drop")],
      id: "b",
      metadata: { pubsubName: "bus" },
      pubsubname: "bus",
      topic: "orders",
      type: "com.dapr.event.sent.bulk",
    });
    expect([answer.status, answer.body]).toEqual([
      200,
      '{"statuses":[{"entryId":"e1","status":"SUCCESS"},{"entryId":"e2","status":"RETRY"},{"entryId":"e3","status":"DROP"}]}',
    ]);
  });

  it("OPTIONS is answered for input bindings only", async () => {
    class Both {
      @DaprBindingTrigger()
      tick(_payload: unknown): void {}
      @FunctionName("Ship")
      @DaprServiceInvocationTrigger()
      ship(_payload: unknown): void {}
    }
    const { app } = await serving([Both]);
    const asked = await send(app, "OPTIONS", "/tick");
    expect([asked.status, asked.body]).toEqual([200, ""]);
    expect((await send(app, "OPTIONS", "/Ship")).status).toBe(404);
  });

  it("functions on one topic are rules of one subscription", async () => {
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus", topic: "orders", match: "event.type == 'v2'", route: "/v2" })
      second(_event: CloudEvent): void {}
      @DaprTopicTrigger({ pubSubName: "bus", topic: "orders", route: "/v1" })
      first(_event: CloudEvent): void {}
    }
    const { app } = await serving([Topic]);
    const answer = await send(app, "GET", "/dapr/subscribe");
    expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
      200,
      "application/json",
      `[{"pubsubname":"bus","topic":"orders","routes":{"rules":[{"match":"event.type == 'v2'","path":"/v2"}],"default":"/v1"}}]`,
    ]);
  });

  it("without the app's token an event is 401, and health is told all the same", async () => {
    withVariable("APP_API_TOKEN", "s3cret");
    class Topic {
      @DaprTopicTrigger({ pubSubName: "bus" })
      orders(_event: CloudEvent): void {}
    }
    const { app } = await serving([Topic]);
    const answer = await deliver(app, "/orders", { data: 1 });
    expect([answer.status, answer.json]).toEqual([401, expect.objectContaining({ errorCode: "ERR_UNAUTHORIZED" })]);
    expect((await deliver(app, "/orders", { data: 1 }, { "dapr-api-token": "s3cret" })).status).toBe(200);
    expect((await send(app, "GET", "/healthz")).status).toBe(204);
  });
});
