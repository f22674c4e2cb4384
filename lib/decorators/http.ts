import type { HttpTrigger as HttpTriggerBinding } from "../model/bindings.js";
import type { PayloadType } from "../model/payload-type.js";
import { recording, type TriggerOptionsOf } from "./recording.js";
import type { TriggerDecorator } from "./signatures.js";

export type HttpTrigger = HttpTriggerBinding;

/** What `@HttpTrigger` takes. */
export type HttpTriggerOptions<P extends PayloadType = PayloadType> = TriggerOptionsOf<
  HttpTriggerBinding,
  "payload"
> & {
  /** Class, `[Class]` or Standard Schema of the body, checked before the method; `request.json()` gives its value. */
  readonly payload?: P | undefined;
  readonly dataType?: "string" | "binary" | "stream" | undefined;
};

/**
 * The function answers HTTP requests to `/api/<route>`. The method gets an `HttpRequest` and returns an
 * `HttpResponse`, a `Reply`, text, bytes or nothing.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger
 * @example
 * class Orders {
 *   // `@HttpTrigger({ route: "orders/{id}", methods: ["GET"] })`
 *   // `@DaprStateInput({ name: "order", stateStore: "statestore", key: "{id}" })`
 *   showOrder(_: HttpRequest, { order }: { order: Order | undefined }): HttpResponse {
 *     return order === undefined ? { status: 404 } : { jsonBody: order };
 *   }
 * }
 */
export function HttpTrigger<P extends PayloadType = never>(
  options?: HttpTriggerOptions<P>,
): TriggerDecorator<"http", P> {
  return recording("HttpTrigger", options);
}
