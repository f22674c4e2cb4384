/**
 * Functions under the Azure Functions host: `register` for the v4 model, what `generate` writes for the v3 model.
 *
 * @module dapr-functions/azure
 */
export { toFunctionFiles, type FunctionFilesOptions } from "./app/function-files.js";
export { toFunctionJson, type BindingJson, type FunctionJson, type FunctionJsonOptions } from "./app/function-json.js";
export { type Bindings } from "./app/served-by.js";
export { type AzureOptions } from "./host/host-functions.js";
export { toHandler, type V3Handler } from "./host/handler.js";
export { register } from "./host/register.js";
export { v3Handler, type V3HandlerOptions } from "./host/v3-handler.js";
export { type WorkerOptions } from "./host/worker-bindings.js";
export type { V3Context, V3Log, V3TraceContext } from "./host/context.js";
export type { Target } from "../metadata/module-functions.js";
