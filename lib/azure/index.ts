/** The `dapr-functions/azure` import. */
export { toFunctionFiles, type FunctionFilesOptions } from "./function-files.js";
export { toFunctionJson, type BindingJson, type FunctionJson } from "./function-json.js";
export { type AzureOptions } from "./functions-app.js";
export { toHandler, type V3Handler } from "./handler.js";
export { register } from "./register.js";
