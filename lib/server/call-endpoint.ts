import type { MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { bindingDataOf, type BindingDataReader } from "../invocation/binding-data.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { failureAnswer, type Failure } from "../invocation/failures.js";
import type { CompiledFunction } from "../invocation/invoke.js";
import { readBindingPayload, readPayload } from "../invocation/read-payload.js";
import { wireReplyOf, type WireReply } from "../invocation/reply.js";
import type { Limits } from "../invocation/limits.js";
import { limitsOf, logFailure, runFunction, type EndpointScope } from "../invocation/run-function.js";
import { TriggerRequest } from "../invocation/requests.js";
import { TriggerInvocation } from "../invocation/trigger-invocation.js";

/** How a trigger whose caller waits for an answer turns a request into a payload. */
interface CallKind {
  readonly isPublic: boolean;
  readPayload(call: EndpointCall, data: BindingDataReader | undefined, invocation: TriggerInvocation): unknown;
}

export const serviceInvocation: CallKind = {
  isPublic: false,
  readPayload: (call, data, invocation) =>
    withData(readPayload(call.body, call.header("content-type")), data, invocation, call),
};

export const inputBinding: CallKind = {
  isPublic: false,
  readPayload: (call, data, invocation) =>
    withData(readBindingPayload(call.body, call.header("content-type")), data, invocation),
};

export const http: CallKind = {
  isPublic: true,
  readPayload(call, data, invocation) {
    const { body } = call;
    const payload = new TriggerRequest(call, () => body);
    if (data !== undefined) invocation.bindingData = data.ofRequest(payload, () => payload.peekJson());
    return payload;
  },
};

/** @param request whose route and query the caller wrote */
function withData(
  payload: unknown,
  data: BindingDataReader | undefined,
  invocation: TriggerInvocation,
  request?: EndpointCall,
): unknown {
  if (data !== undefined) invocation.bindingData = data.ofPayload(payload, request);
  return payload;
}

/** A function whose caller waits for what it returns. */
export class CallEndpoint implements Endpoint {
  readonly definition: FunctionDefinition;
  readonly isPublic: boolean;
  readonly #data: BindingDataReader | undefined;
  readonly #limits: Limits | undefined;

  constructor(
    private readonly fn: CompiledFunction,
    private readonly kind: CallKind,
    private readonly scope: EndpointScope,
  ) {
    this.definition = fn.definition;
    this.isPublic = kind.isPublic;
    this.#data = bindingDataOf(fn.definition);
    this.#limits = limitsOf(fn.definition, scope);
  }

  handle(call: EndpointCall): MaybePromise<WireReply> {
    const { fn, kind, scope } = this;
    const invocation = new TriggerInvocation(fn.definition, scope, call);
    const steps = {
      readPayload: () => kind.readPayload(call, this.#data, invocation),
      write: wireReplyOf,
      fail: (failure: Failure): WireReply => {
        logFailure(failure, invocation);
        return wireReplyOf(failureAnswer(failure, fn.definition, invocation.id));
      },
    };
    return runFunction(fn, invocation, steps, this.#limits);
  }
}
