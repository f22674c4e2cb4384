/**
 * Decorators, their types and errors, and `serve`, which runs functions beside a Dapr sidecar.
 *
 * @module dapr-functions
 */
export { DaprApp, DaprSidecar } from "./decorators/apps.js";
export { DaprBindingInput, DaprBindingOutput, DaprBindingTrigger } from "./decorators/bindings.js";
export { Flush } from "./decorators/flush.js";
export { FunctionName } from "./decorators/function-name.js";
export { Input, Output, Trigger } from "./decorators/generic.js";
export { HttpTrigger } from "./decorators/http.js";
export { DaprInvoke, DaprInvokeInput, DaprServiceInvocationTrigger } from "./decorators/invocation.js";
export { DaprPublish, DaprTopicTrigger } from "./decorators/pubsub.js";
export { Retry } from "./decorators/retry.js";
export { DaprSecret } from "./decorators/secrets.js";
export { DaprState, DaprStateInput, DaprStateOutput } from "./decorators/state.js";

export { readFunctions, type Container } from "./metadata/functions.js";

export {
  DaprFunctionsError,
  DefinitionError,
  InvocationError,
  PayloadError,
  SidecarError,
  type InvocationErrorCode,
  type PayloadIssue,
  type Problem,
  type ProblemCode,
  type SentItems,
} from "./model/errors.js";
export {
  Reply,
  type CloudEvent,
  type Cookie,
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type InvocationRequest,
  type Log,
  type LogPort,
  type ReplyHeaders,
  type ReplyInit,
  type StateRecord,
  type TraceContext,
} from "./model/invocation.js";
export type { Around, AroundInvocation } from "./invocation/around.js";
export type { AppCaller, AppCallOptions, AppClient, AppReply, AppRequestOptions } from "./model/app-client.js";
export type { BindingRecord } from "./model/binding-record.js";
export type { DaprNames, Named } from "./model/names.js";
export type { Received, Sent } from "./model/json-types.js";
export type { StateEntry, StateEntryOverrides } from "./model/state-entry.js";
export type {
  Binding,
  BulkSubscribe,
  ClientBinding,
  Consistency,
  DaprTriggerBinding,
  DataType,
  GenericBinding,
  HttpMethod,
  HttpMethodOption,
  InputBinding,
  JsonValue,
  MetadataOption,
  OutputBinding,
  RetryOptions,
  TriggerBinding,
} from "./model/bindings.js";
export type {
  BindingCollector,
  BindingOverrides,
  Collector,
  InvokeCollector,
  InvokeOverrides,
  ItemMetadata,
  PublishCollector,
  PublishOverrides,
  StateCollector,
  StateOptions,
  StateOverrides,
  StateRemoveOverrides,
} from "./model/collector.js";
export type { FlushMode, FunctionDefinition } from "./model/function-definition.js";
export type { Class, PayloadType, StandardSchema } from "./model/payload-type.js";
export type { DaprClient } from "./client/dapr-client.js";
export { HttpDaprClient } from "./client/http/http-dapr-client.js";
export { SdkDaprClient } from "./client/sdk/sdk-dapr-client.js";
export type { App, HandlerOptions, RequestHandler, ServeOptions } from "./serve/app.js";
export { createHandler } from "./serve/create-handler.js";
export { serve } from "./serve/serve.js";
