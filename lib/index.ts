/**
 * Decorators, their types and errors, and `serve`, which runs functions beside a Dapr sidecar.
 *
 * @module dapr-functions
 */
export {
  DaprApp,
  DaprSidecar,
  type CalleeClass,
  type CalleeOf,
  type DaprAppOptions,
  type DaprSidecarOptions,
} from "./decorators/apps.js";
export {
  DaprBindingInput,
  DaprBindingOutput,
  DaprBindingTrigger,
  type DaprBindingInputOptions,
  type DaprBindingOutputOptions,
  type DaprBindingTriggerOptions,
} from "./decorators/bindings.js";
export { Flush } from "./decorators/flush.js";
export { FunctionName } from "./decorators/function-name.js";
export { Input, Output, Trigger, type GenericOptions, type NamedGenericOptions } from "./decorators/generic.js";
export { HttpTrigger, type HttpTriggerOptions } from "./decorators/http.js";
export {
  DaprInvoke,
  DaprInvokeInput,
  DaprServiceInvocationTrigger,
  type DaprInvokeInputOptions,
  type DaprInvokeOptions,
  type DaprServiceInvocationTriggerOptions,
} from "./decorators/invocation.js";
export {
  DaprPublish,
  DaprTopicTrigger,
  type DaprPublishOptions,
  type DaprTopicTriggerOptions,
} from "./decorators/pubsub.js";
export { Retry } from "./decorators/retry.js";
export { DaprSecret, type DaprSecretOptions } from "./decorators/secrets.js";
export {
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  type DaprStateInputListOptions,
  type DaprStateInputOptions,
  type DaprStateOptions,
  type DaprStateOutputOptions,
} from "./decorators/state.js";
export { topic, type Topic, type WithTopic } from "./decorators/topic.js";
export type {
  AppDecorator,
  EntryDecorator,
  FunctionDecorator,
  InputDecorator,
  OutputDecorator,
  SidecarDecorator,
  TriggerDecorator,
  AnswerOf,
  InstanceOf,
  OutputKind,
  TriggerKind,
  ValueOf,
} from "./decorators/signatures.js";

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
  type SidecarErrorInit,
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
export type { Failure } from "./invocation/failures.js";
export type { Around, AroundInvocation } from "./invocation/around.js";
export type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "./invocation/observer.js";
export type {
  AppCaller,
  AppCallOptions,
  AppClient,
  AppReply,
  AppRequestOptions,
  Signatures,
} from "./model/app-client.js";
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
  DaprStateEntryBinding,
  SidecarInputBinding,
  SidecarOutputBinding,
} from "./model/bindings.js";
export type {
  BindingCollector,
  BindingOverrides,
  Collector,
  InvokeCollector,
  InvokeOverrides,
  ItemMetadata,
  OutputItem,
  PublishCollector,
  PublishOverrides,
  StateCollector,
  StateOptions,
  StateOverrides,
  StateRemoveOverrides,
  ItemOverrides,
  Overrides,
} from "./model/collector.js";
export type { FlushMode, FunctionDefinition } from "./model/function-definition.js";
export type {
  Class,
  PayloadType,
  StandardSchema,
  ConcreteClass,
  StandardIssue,
  StandardResult,
} from "./model/payload-type.js";
export type { ValidationOptions } from "./payload/payload-type.js";
export type {
  BulkStateResult,
  CallOptions,
  DaprClient,
  DeleteStateRequest,
  GetBulkStateRequest,
  GetSecretRequest,
  GetStateRequest,
  InvokeBindingRequest,
  InvokeBindingResult,
  InvokeMethodRequest,
  InvokeMethodResult,
  MessageBody,
  MetadataMap,
  PublishBulkRequest,
  PublishRequest,
  SaveStateRequest,
  SidecarMetadata,
  StateItem,
  StateOperation,
  StateRemoval,
  StateResult,
  TransactStateRequest,
} from "./client/dapr-client.js";
export { HttpDaprClient, type HttpDaprClientOptions } from "./client/http/http-dapr-client.js";
export { SdkDaprClient } from "./client/sdk/sdk-dapr-client.js";
export type { App, HandlerOptions, RequestHandler, ServeOptions } from "./serve/app.js";
export { createHandler } from "./serve/create-handler.js";
export { serve } from "./serve/serve.js";
export type { RecordOptions } from "./record/recorder.js";
export type {
  RecordedCall,
  RecordedEntry,
  RecordedError,
  RecordedFailure,
  RecordedItem,
  RecordedRequest,
  Recording,
} from "./record/recording.js";
export type { OptionsOf, TriggerOptionsOf } from "./decorators/recording.js";
export type { DaprSdk } from "./client/sdk/sdk.js";
export type { TopicOutcome } from "./invocation/reply.js";
