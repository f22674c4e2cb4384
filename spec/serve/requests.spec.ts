import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DaprServiceInvocationTrigger,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  createHandler,
  serve,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
} from "../../lib/index.js";
import { httpRequest, invoke } from "../../lib/testing/index.js";
import "../../lib/testing/jest.js";
import { routePrefixOf } from "../../lib/serve/settings.js";
import { deliver, keptLog, post, send, serving, withVariable } from "./support.js";

class Orders {
  @DaprServiceInvocationTrigger({ methodName: "orders/{id}", methods: ["GET", "POST"] })
  byId(_payload: unknown): string {
    return "by id";
  }

  @DaprServiceInvocationTrigger({ methodName: "orders/newest", methods: ["GET"] })
  newest(_payload: unknown): string {
    return "newest";
  }

  @DaprServiceInvocationTrigger({ methodName: "files/{*path}" })
  file(_payload: unknown): string {
    return "file";
  }

  @HttpTrigger({ route: "orders/{id}" })
  show(request: HttpRequest): string {
    return request.params["id"]!;
  }
}

describe("a constraint of a route", () => {
  class Constrained {
    @HttpTrigger({ route: "orders/{id:int}" })
    byNumber(request: HttpRequest): string {
      return `number ${request.params["id"]}`;
    }
    @HttpTrigger({ route: "orders/{name}" })
    byName(request: HttpRequest): string {
      return `name ${request.params["name"]}`;
    }
    @HttpTrigger({ route: "pages/{page:min(1)=1}" })
    page(request: HttpRequest): string {
      return request.params["page"]!;
    }
    @DaprServiceInvocationTrigger({ methodName: "stock/{sku:regex(^[a-z]{{2}}\\d$)}", methods: ["GET"] })
    stock(_payload: unknown, _: unknown, { request }: InvocationContext): string {
      return request!.params["sku"]!;
    }
  }

  it("decides which function answers, served and fetched", async () => {
    const { app } = await serving([Constrained]);
    const handler = await createHandler([Constrained], { daprUrl: "http://127.0.0.1:1", log: keptLog() });
    const expected = {
      "/api/orders/41": [200, "number 41"],
      "/api/orders/4.1": [200, "name 4.1"],
      "/api/orders/99999999999": [200, "name 99999999999"],
      "/api/pages": [200, "1"],
      "/api/pages/2": [200, "2"],
      "/api/pages/0": [404, expect.stringContaining("did you mean page")],
      "/stock/ab1": [200, '"ab1"'],
      "/stock/abc": [404, expect.stringContaining("did you mean stock")],
    };
    for (const [path, answer] of Object.entries(expected)) {
      const served = await send(app, "GET", path);
      expect([path, served.status, served.body]).toEqual([path, ...answer]);
      const fetched = await handler.fetch(new Request(`http://shop${path}`));
      expect([path, fetched.status, await fetched.text()]).toEqual([path, ...answer]);
    }
    await handler.close();
  });

  it("is refused where nobody knows it, and beside a sidecar where only .NET does", async () => {
    class Unknown {
      @HttpTrigger({ route: "{id:slug}" })
      show(): void {}
    }
    class DotNet {
      @HttpTrigger({ route: "{id:regex(\\A\\d+\\z)}" })
      show(): void {}
    }
    await expect(serve([Unknown], { port: 0 })).rejects.toMatchObject({ code: "route-invalid" });
    await expect(serve([DotNet], { port: 0 })).rejects.toMatchObject({ code: "host-only" });
  });
});

describe("the name of a method", () => {
  it("may be a template, after which literal names win", async () => {
    const { app } = await serving([Orders]);
    expect((await send(app, "GET", "/orders/41")).body).toBe('"by id"');
    expect((await send(app, "GET", "/orders/newest")).body).toBe('"newest"');
    expect((await send(app, "POST", "/orders/newest")).body).toBe('"by id"');
    expect((await send(app, "POST", "/files/a/b%20c")).body).toBe('"file"');
    expect((await send(app, "GET", "/api/orders/41/")).body).toBe("41");
    expect((await send(app, "POST", "/orders/41/lines")).status).toBe(404);
  });

  it("is refused where another matches the same requests", async () => {
    class Twice {
      @DaprServiceInvocationTrigger({ methodName: "a/{x}" })
      one(_payload: unknown): void {}
      @DaprServiceInvocationTrigger({ methodName: "A/{y}" })
      two(_payload: unknown): void {}
    }
    await expect(serve([Twice], { port: 0 })).rejects.toThrow(
      'Twice.two, trigger "payload", methodName: Twice.one is found on /a/{x}, which matches the same requests',
    );
  });
});

describe("routePrefix", () => {
  it("stands before HTTP routes, and nothing else", async () => {
    const { app } = await serving([Orders], { routePrefix: "/v1/shop/" });
    expect((await send(app, "GET", "/v1/Shop/orders/41/")).body).toBe("41");
    expect((await send(app, "GET", "/api/orders/41")).status).toBe(404);
    expect((await send(app, "GET", "/orders/41")).body).toBe('"by id"');
  });

  it("may be empty, and then tells functions on one path from each other", async () => {
    class Shown {
      @HttpTrigger({ route: "orders/{id}" })
      show(request: HttpRequest): string {
        return request.params["id"]!;
      }
    }
    const { app } = await serving([Shown], { routePrefix: "" });
    expect((await send(app, "GET", "/orders/41/")).body).toBe("41");
    await expect(serve([Orders], { port: 0, routePrefix: "" })).rejects.toThrow("route-duplicate");
    class Health {
      @HttpTrigger({ route: "healthz" })
      show(_request: HttpRequest): void {}
    }
    await expect(serve([Health], { port: 0, routePrefix: "" })).rejects.toThrow("route-reserved");
  });

  it("comes from host.json", () => {
    const file = join(mkdtempSync(join(tmpdir(), "host-")), "host.json");
    expect(routePrefixOf(undefined, file)).toBe("api");
    writeFileSync(file, '{ "version": "2.0" }');
    expect(routePrefixOf(undefined, file)).toBe("api");
    writeFileSync(file, '\uFEFF{ "extensions": { "http": { "routePrefix": "v2", } } } // mine');
    expect(routePrefixOf(undefined, file)).toBe("v2");
    expect(routePrefixOf("v3", file)).toBe("v3");
    writeFileSync(file, "{ extensions");
    expect(() => routePrefixOf(undefined, file)).toThrow("host.json: it is not JSON, at character 2; correct it");
  });

  it.each(["a//b", "a?b", "{tenant}", 7])("is refused when it is %p", async (routePrefix) => {
    await expect(serve([Orders], { port: 0, routePrefix: routePrefix as string })).rejects.toThrow(
      "setting-invalid: routePrefix: ",
    );
  });
});

describe("a function that a setting disables", () => {
  class Saves {
    @DaprServiceInvocationTrigger()
    @DaprStateOutput({ name: "out", stateStore: "%Missing%", key: "k" })
    off(_payload: unknown, _bindings: { out: Collector<unknown> }): void {}

    @DaprServiceInvocationTrigger()
    on(_payload: unknown): string {
      return "on";
    }
  }

  it.each(["AzureWebJobs.off.Disabled", "AzureWebJobs_off_Disabled", "azurewebjobs.OFF.disabled"])(
    "is neither checked nor found: %s",
    async (name) => {
      const { app, log } = await serving([Saves], { settings: { [name]: "True" } });
      expect(app.functions.map((fn) => fn.name)).toEqual(["on"]);
      expect((await post(app, "/off", 1)).status).toBe(404);
      expect((await post(app, "/on", 1)).body).toBe('"on"');
      expect(log.lines).toContainEqual(
        expect.stringMatching(/^info off: disabled by AzureWebJobs[._]off[._]Disabled$/),
      );
    },
  );

  it("may be disabled by the environment, and is not by another value", async () => {
    withVariable("AzureWebJobs_off_Disabled", "1");
    expect((await serving([Saves])).app.functions).toHaveLength(1);
    withVariable("AzureWebJobs_off_Disabled", "no");
    await expect(serve([Saves], { port: 0, log: keptLog() })).rejects.toThrow("setting-missing");
  });
});

describe("context.request", () => {
  class Asked {
    @DaprServiceInvocationTrigger({ methodName: "who/{id}", methods: ["GET", "DELETE", "POST"] })
    @DaprStateOutput({ name: "seen", stateStore: "s", key: "{id}-{query.tag}-{params.id}-{name}" })
    who(_payload: unknown, { seen }: { seen: Collector<number> }, context: InvocationContext): unknown {
      seen.add(1);
      return shown(context);
    }

    @HttpTrigger({ route: "shown/{id}" })
    show(_request: HttpRequest, _: unknown, context: InvocationContext): HttpResponse {
      return { jsonBody: shown(context) };
    }

    @DaprTopicTrigger({ pubSubName: "bus", topic: "t" })
    onEvent(_event: CloudEvent, _: unknown, context: InvocationContext): object | undefined {
      return context.request && { status: "DROP" };
    }
  }

  function shown({ request }: InvocationContext): unknown {
    const { method, path, query, params, headers } = request!;
    return [method, path, query.getAll("tag"), params, headers.get("x-a"), headers.get("dapr-api-token")];
  }

  it("has all of the caller's request but its payload, and never the app's token", async () => {
    const { app, sidecar } = await serving([Asked]);
    const headers = { "x-a": "1", "dapr-api-token": "secret" };
    const answer = await send(app, "DELETE", "/who/a%20b?tag=x&tag=y&name=n", { headers });
    expect(answer.json).toEqual(["DELETE", "/who/a%20b", ["x", "y"], { id: "a b" }, "1", null]);
    expect(sidecar.lines).toEqual(['POST /v1.0/state/s [{"key":"a b-y-a b-n","value":1}]']);
    expect((await send(app, "PUT", "/api/shown/7?tag=z", { headers })).json).toEqual([
      "PUT",
      "/api/shown/7",
      ["z"],
      { id: "7" },
      "1",
      null,
    ]);
    expect(await deliver(app, "/t", { data: 1 })).toMatchObject({ status: 200, body: "" });
  });

  it("is what a test says, and of an HTTP function its request", async () => {
    const { reply } = await invoke(
      new Asked(),
      "show",
      httpRequest({ url: "/api/shown/1?tag=a", params: { id: "1" } }),
    );
    expect(reply).toEqual({ jsonBody: ["GET", "/api/shown/1", ["a"], { id: "1" }, null, null] });
    const request = {
      method: "GET",
      path: "/who/9",
      query: new URLSearchParams("tag=b"),
      params: { id: "9" },
      headers: new Headers(),
    };
    const { outputs } = await invoke(new Asked(), "who", { name: "n" }, { context: { request } });
    expect(outputs.seen).toHaveSaved("9-b-9-n", 1);
  });
});
