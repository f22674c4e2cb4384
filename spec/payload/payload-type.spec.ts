import * as v from "valibot";
import { z } from "zod";
import type { PayloadType, StandardSchema } from "../../lib/model/payload-type.js";
import { compileCheck, describePayloadType, withCheckedBody } from "../../lib/payload/payload-type.js";

class Order {
  id!: string;
}

/** A schema that is a function, as those of arktype are (which is published in a form that jest does not load). */
const functionSchema = Object.assign(() => undefined, {
  "~standard": { version: 1, vendor: "arktype", validate: () => ({ issues: [{ message: "no" }] }) },
} as const) satisfies StandardSchema;

describe("describePayloadType", () => {
  it.each<[unknown, string]>([
    [Order, "Order"],
    [[Order], "Order[]"],
    [class {}, "a class without a name"],
    [z.string(), "a zod schema"],
    [v.string(), "a valibot schema"],
    [functionSchema, "an arktype schema"],
  ])("of %p", (type, text) => {
    expect(describePayloadType(type as PayloadType)).toBe(text);
  });
});

describe("compileCheck", () => {
  it("takes a function with ~standard for the schema that it is", () => {
    expect(compileCheck(functionSchema)({ id: 1 })).toHaveProperty("issues");
  });

  it("does without class-validator while no class has a rule", () => {
    expect(compileCheck(Order)({ id: "1" })).toEqual({ value: { id: "1" } });
    expect(globalThis).not.toHaveProperty("classValidatorMetadataStorage");
  });
});

describe("withCheckedBody", () => {
  it("gives the value as the body and leaves the rest of the request as it is", async () => {
    class Request {
      readonly #text = '{"id":"1"}';
      method = "POST";
      url = "http://localhost/api/x?a=1";
      headers = new Headers({ "x-a": "1" });
      query = new URLSearchParams("a=1");
      params = { id: "7" };
      json = (): Promise<unknown> => Promise.resolve(JSON.parse(this.#text));
      text(): Promise<string> {
        return Promise.resolve(this.#text);
      }
      arrayBuffer(): Promise<ArrayBuffer> {
        return Promise.resolve(new TextEncoder().encode(this.#text).buffer as ArrayBuffer);
      }
    }
    const request = new Request();
    const checked = withCheckedBody(request, new Order());
    expect(await checked.json()).toBeInstanceOf(Order);
    expect(await checked.json()).toBe(await checked.json());
    expect(await checked.text()).toBe('{"id":"1"}');
    expect((await checked.arrayBuffer()).byteLength).toBe(10);
    const { method, url, headers, query, params } = checked;
    expect({ method, url, params }).toEqual({ method: "POST", url: request.url, params: { id: "7" } });
    expect(headers.get("x-a")).toBe("1");
    expect(query.get("a")).toBe("1");
  });
});
