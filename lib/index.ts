export { DaprBindingOutput, DaprBindingTrigger } from "./decorators/bindings.js";
export { FunctionName } from "./decorators/function-name.js";
export { Input, Output, Trigger } from "./decorators/generic.js";
export { HttpTrigger } from "./decorators/http.js";
export { DaprInvoke, DaprServiceInvocationTrigger } from "./decorators/invocation.js";
export { DaprPublish, DaprTopicTrigger } from "./decorators/pubsub.js";
export { Retry } from "./decorators/retry.js";
export { DaprSecret } from "./decorators/secrets.js";
export { DaprStateInput, DaprStateOutput } from "./decorators/state.js";

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
  type HttpRequest,
  type HttpResponse,
  type InvocationContext,
  type Log,
  type LogPort,
  type ReplyInit,
  type StateRecord,
  type TraceContext,
} from "./model/invocation.js";
export type {
  Binding,
  BulkSubscribe,
  DaprTriggerBinding,
  DataType,
  GenericBinding,
  HttpMethod,
  HttpMethodOption,
  InputBinding,
  JsonValue,
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
export type { FunctionDefinition } from "./model/function-definition.js";
export type { Class, PayloadType, StandardSchema } from "./model/payload-type.js";
export type { DaprClient } from "./client/dapr-client.js";
export { HttpDaprClient } from "./client/http/http-dapr-client.js";
export { SdkDaprClient } from "./client/sdk/sdk-dapr-client.js";
export type { App, ServeOptions } from "./serve/app.js";
export { serve } from "./serve/serve.js";
