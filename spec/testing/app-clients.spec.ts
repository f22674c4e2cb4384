import {
  DaprApp,
  DaprBindingInput,
  DaprInvokeInput,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  SidecarError,
  type AppClient,
  type AppReply,
  type BindingRecord,
  type DaprClient,
} from "dapr-functions";
import { invoke } from "dapr-functions/testing";
import { z } from "zod";

const Charge = z.object({ order: z.string(), cents: z.number() });

class Billing {
  @DaprServiceInvocationTrigger({ payload: Charge })
  charge(charge: z.infer<typeof Charge>): { number: string; at: Date } {
    return { number: charge.order, at: new Date() };
  }

  @DaprServiceInvocationTrigger()
  refund(_refund: { number: string }): void {}
}

interface Order {
  readonly id: string;
  readonly cents: number;
}

class Shop {
  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({ name: "price", appId: "catalogue", methodName: "prices/{id}" })
  @DaprApp({ name: "billing", appId: "billing" })
  async checkout(
    order: Order,
    { price, billing }: { price: number | undefined; billing: AppClient<Billing> },
  ): Promise<string> {
    const receipt = await billing.charge({ order: order.id, cents: price ?? order.cents });
    if (receipt.at.endsWith("!")) await billing.refund({ number: receipt.number });
    return receipt.number;
  }

  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing", of: Billing })
  async checked(cents: unknown, { billing }: { billing: AppClient<Billing> }): Promise<unknown> {
    return await billing.charge({ order: "41", cents: cents as number });
  }

  @DaprServiceInvocationTrigger()
  @DaprApp({ name: "billing", appId: "billing" })
  async anything(path: string, { billing }: { billing: AppClient<Billing> }): Promise<unknown> {
    const { status, value } = await billing.call(path, { n: 1 }, { httpVerb: "PUT" });
    return { status, value };
  }

  @DaprServiceInvocationTrigger()
  @DaprSidecar({ name: "dapr" })
  async stored(key: string, { dapr }: { dapr: DaprClient }): Promise<unknown> {
    return (await dapr.getState({ stateStore: "statestore", key })).value;
  }

  @DaprServiceInvocationTrigger()
  @DaprSidecar({ name: "dapr" })
  named(_: unknown, { dapr }: { dapr: DaprClient }): unknown {
    const client: unknown = dapr;
    return { text: String(client), json: JSON.stringify({ client }) };
  }

  @DaprServiceInvocationTrigger()
  @DaprInvokeInput({ name: "reply", appId: "a", methodName: "m", record: true })
  @DaprBindingInput({ name: "file", bindingName: "files", operation: "get", record: true })
  @DaprBindingInput({ name: "list", bindingName: "files", operation: "list", required: true })
  records(
    _: unknown,
    { reply, file, list }: { reply: AppReply<number | undefined>; file: BindingRecord<string>; list: string[] },
  ): unknown {
    return { status: reply.status, value: reply.value, data: file.data, metadata: file.metadata, list };
  }
}

const order = { id: "41", cents: 7 };
const charge = () => ({ number: "r1", at: "now" });

describe("an invocation in a test that calls another application", () => {
  it("calls the functions that the test gives, with what would arrive", async () => {
    const calls: unknown[] = [];
    const { reply } = await invoke(new Shop(), "checkout", order, {
      inputs: {
        price: 5,
        billing: {
          charge: async (payload) => {
            calls.push(payload);
            return { number: `r-${payload.order}`, at: "now" };
          },
        },
      },
    });
    expect(reply).toBe("r-41");
    expect(calls).toEqual([{ order: "41", cents: 5 }]);
  });

  it("gives what JSON leaves of a reply", async () => {
    const at = new Date(0) as unknown as string;
    const inputs = { billing: { charge: () => ({ number: "r1", at }) } };
    const { reply } = await invoke(new Shop(), "checked", 7, { inputs });
    expect(reply).toEqual({ number: "r1", at: "1970-01-01T00:00:00.000Z" });
  });

  it("fails for a method that was not given, and names it", async () => {
    const wrong = { number: "r1", at: "now!" };
    const running = invoke(new Shop(), "checkout", order, { inputs: { billing: { charge: () => wrong } } });
    await expect(running).rejects.toThrow(
      'Shop.checkout, client "billing": the test has no refund(); give inputs: { billing: { refund: … } }',
    );
    await expect(invoke(new Shop(), "checkout", order)).rejects.toThrow("the test has no charge()");
  });

  it("gives a client of the sidecar that may be made text, as the real one may", async () => {
    const { reply } = await invoke(new Shop(), "named", undefined);
    expect(reply).toEqual({ text: "[object Object]", json: '{"client":{}}' });
  });

  it("fails as the callee would", async () => {
    const no = new SidecarError({
      status: 402,
      errorCode: "ERR_NO_FUNDS",
      message: "no",
      operation: "POST",
      target: "x",
    });
    const inputs = { billing: { charge: () => Promise.reject(no) } };
    await expect(invoke(new Shop(), "checkout", order, { inputs })).rejects.toBe(no);
  });

  it("checks what the class of the callee would refuse", async () => {
    const running = invoke(new Shop(), "checked", "many", { inputs: { billing: { charge } } });
    await expect(running).rejects.toMatchObject({ code: "ERR_DAPR_BAD_REQUEST" });
  });

  it("answers call() with the function for it, or with that of the method", async () => {
    const calls: unknown[] = [];
    const { reply } = await invoke(new Shop(), "anything", "stock/41?x=1", {
      inputs: {
        billing: {
          call: (methodName, payload, { httpVerb }) => {
            calls.push([methodName, payload, httpVerb]);
            return { status: 201, value: [1] };
          },
        },
      },
    });
    expect(calls).toEqual([["stock/41?x=1", { n: 1 }, "PUT"]]);
    expect(reply).toEqual({ status: 201, value: [1] });
    const named = await invoke(new Shop(), "anything", "charge", { inputs: { billing: { charge } } });
    expect(named.reply).toEqual({ status: 200, value: { number: "r1", at: "now" } });
  });

  it("has a sidecar with the methods that the test gives", async () => {
    const inputs = { dapr: { getState: () => Promise.resolve({ value: 5, etag: "1" }) } };
    expect((await invoke(new Shop(), "stored", "k", { inputs })).reply).toBe(5);
    await expect(invoke(new Shop(), "stored", "k")).rejects.toThrow(
      'Shop.stored, client "dapr": the test has no getState(); give inputs: { dapr: { getState: … } }',
    );
  });

  it("gives records and required answers", async () => {
    const inputs = {
      reply: { status: 404, headers: {}, value: undefined, bytes: new Uint8Array() },
      file: { data: "text", metadata: { etag: "7" } },
      list: ["a"],
    };
    const { reply } = await invoke(new Shop(), "records", undefined, { inputs });
    expect(reply).toEqual({ status: 404, value: undefined, data: "text", metadata: { etag: "7" }, list: ["a"] });
    const invalid = { ...inputs, list: [new Map()] as never };
    await expect(invoke(new Shop(), "records", undefined, { inputs: invalid })).rejects.toThrow(
      'Shop.records, input "list": cannot arrive as JSON: [0] is a Map, which JSON does not know',
    );
    await expect(invoke(new Shop(), "records", undefined, { inputs: { file: inputs.file } })).rejects.toMatchObject({
      code: "ERR_NO_CONTENT",
    });
  });

  it("gives bytes of a reply without their type as JSON where they are, and as bytes where not", async () => {
    const valueOf = async (text: string): Promise<unknown> => {
      const inputs = { reply: { status: 201, headers: {}, value: undefined, bytes: Buffer.from(text) }, list: [] };
      const { reply } = await invoke(new Shop(), "records", undefined, { inputs });
      return (reply as { value: unknown }).value;
    };
    expect(await valueOf('{"a":1}')).toEqual({ a: 1 });
    await expect(valueOf("\x01")).rejects.toThrow("value is a Uint8Array, which JSON does not know");
  });

  it("refuses functions for what no decorator declares", async () => {
    const inputs = { biling: { charge } } as object;
    await expect(invoke(new Shop(), "checkout", order, { inputs })).rejects.toThrow("declared inputs: price, billing");
  });
});
