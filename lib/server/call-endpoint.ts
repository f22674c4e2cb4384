import type { MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { bindingDataOf, type BindingDataReader } from "../invocation/binding-data.js";
import type { Endpoint, EndpointCall } from "./endpoint.js";
import { failureAnswer, type Failure } from "../invocation/failures.js";
import type { CompiledFunction } from "../invocation/compile-function.js";
import { readBindingPayload, readPayload } from "../invocation/read-payload.js";
import { isStream, wireReplyOf, type WireReply } from "../invocation/reply.js";
import type { Limits } from "../invocation/limits.js";
import { limitsOf, logFailure, runFunction, type EndpointScope, type HostSteps } from "../invocation/run-function.js";
import { TriggerRequest } from "../invocation/requests.js";
import { TriggerInvocation } from "../invocation/trigger-invocation.js";

type CallInvocation = TriggerInvocation<EndpointCall>;

/** How a trigger whose caller waits for an answer turns a request into a payload. */
interface CallKind {
  readonly isPublic: boolean;
  readPayload(invocation: CallInvocation, data: BindingDataReader | undefined): unknown;
}

export const serviceInvocation: CallKind = {
  isPublic: false,
  readPayload(invocation, data) {
    const call = invocation.request;
    const payload = readPayload(call.body, call.header("content-type"));
    // Its caller wrote route and query, too.
    if (data !== undefined) invocation.bindingData = data.ofPayload(payload, call);
    return payload;
  },
};

export const inputBinding: CallKind = {
  isPublic: false,
  readPayload(invocation, data) {
    const { request: call } = invocation;
    const payload = readBindingPayload(call.body, call.header("content-type"));
    if (data !== undefined) invocation.bindingData = data.ofPayload(payload);
    return payload;
  },
};

export const http: CallKind = {
  isPublic: true,
  readPayload(invocation, data) {
    const { request: call } = invocation;
    const { body } = call;
    const payload = new TriggerRequest(call, () => body);
    if (data !== undefined) invocation.bindingData = data.ofRequest(payload, () => payload.peekJson());
    return payload;
  },
};

/** A function whose caller waits for what it returns. */
export class CallEndpoint implements Endpoint, HostSteps<WireReply, CallInvocation> {
  readonly definition: FunctionDefinition;
  readonly isPublic: boolean;
  readonly write = wireReplyOf;
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
    const { fn, scope } = this;
    return runFunction(fn, new TriggerInvocation(fn.definition, scope, call), this, this.#limits);
  }

  readPayload(invocation: CallInvocation): unknown {
    return this.kind.readPayload(invocation, this.#data);
  }

  goesOn(answer: WireReply, sent: () => void): WireReply | undefined {
    return isStream(answer.body) ? { ...answer, whenSent: sent } : undefined;
  }

  fail(failure: Failure, invocation: CallInvocation): WireReply {
    logFailure(failure, invocation);
    return wireReplyOf(failureAnswer(failure, this.fn.definition, invocation.id));
  }
}
