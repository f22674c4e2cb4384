/**
 * `%setting%` and `{binding.data}` in the members of bindings: settings are put in once, at start; what results is a
 * template, filled at each invocation. All that other layers need is exported here.
 */
export { ExpressionError, toBindingDataError, type ExpressionFault } from "./expression-error.js";
export { resolveSettings } from "./resolve-settings.js";
export { settingNames, settingsFrom, substituteSettings, type Settings } from "./settings.js";
export {
  compileTemplate,
  memberName,
  systemData,
  unsupportedFormat,
  type BindingData,
  type Template,
} from "./template.js";
export {
  parseTemplate,
  parseUnresolved,
  partsOf,
  type BuiltinToken,
  type LiteralToken,
  type PathToken,
  type Token,
} from "./template-parser.js";
export { isTemplate, templatesOf, textsWithSettings, type MemberText } from "./expression-members.js";
