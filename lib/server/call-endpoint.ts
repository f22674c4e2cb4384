import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { bindingDataOf, type BindingDataReader } from "../invocation/binding-data.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { failureBody } from "../invocation/failures.js";
import type { CompiledFunction } from "../invocation/invoke.js";
import { readBindingPayload, readPayload } from "../invocation/read-payload.js";
import { reportFailure, run, type EndpointScope } from "../invocation/run-function.js";
import { TriggerRequest } from "../invocation/requests.js";
import { TriggerInvocation } from "../invocation/trigger-invocation.js";
import { jsonReply, toBindingReply, toHttpReply, toServiceReply, type WireReply } from "./write-reply.js";

/** How a trigger whose caller waits for an answer turns a request into a payload and what is returned into a reply. */
interface CallKind {
  readonly isPublic: boolean;
  /** Status of a failure for which the payload is to blame. */
  readonly payloadStatus: 400 | 500;
  readPayload(call: EndpointCall, data: BindingDataReader | undefined, invocation: TriggerInvocation): unknown;
  readonly toReply: (returned: unknown) => WireReply;
}

export const serviceInvocation: CallKind = {
  isPublic: false,
  payloadStatus: 400,
  readPayload: (call, data, invocation) =>
    withData(readPayload(call.body, call.header("content-type")), data, invocation, call),
  toReply: toServiceReply,
};

export const inputBinding: CallKind = {
  isPublic: false,
  payloadStatus: 500,
  readPayload: (call, data, invocation) =>
    withData(readBindingPayload(call.body, call.header("content-type")), data, invocation),
  toReply: toBindingReply,
};

export const http: CallKind = {
  isPublic: true,
  payloadStatus: 400,
  readPayload(call, data, invocation) {
    const { body } = call;
    const payload = new TriggerRequest(call, () => body);
    if (data !== undefined) invocation.bindingData = data.ofRequest(payload, () => payload.peekJson());
    return payload;
  },
  toReply: toHttpReply,
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

  constructor(
    private readonly fn: CompiledFunction,
    private readonly kind: CallKind,
    private readonly scope: EndpointScope,
  ) {
    this.definition = fn.definition;
    this.isPublic = kind.isPublic;
    this.#data = bindingDataOf(fn.definition);
  }

  handle(call: EndpointCall): MaybePromise<WireReply> {
    const { fn, kind, scope } = this;
    const invocation = new TriggerInvocation(fn.definition, scope, call);
    try {
      const payload = kind.readPayload(call, this.#data, invocation);
      const reply = run(fn, payload, invocation, scope, kind.toReply);
      return isPromise(reply) ? reply.catch((thrown: unknown) => this.#failed(thrown, invocation)) : reply;
    } catch (thrown) {
      return this.#failed(thrown, invocation);
    }
  }

  #failed(thrown: unknown, invocation: TriggerInvocation): WireReply {
    const failure = reportFailure(thrown, invocation);
    const status = failure.isPayloads ? this.kind.payloadStatus : 500;
    return jsonReply(status, failureBody(failure, this.definition, invocation.id));
  }
}
