import type { JsonValue } from "../../model/bindings.js";
import type { AdoptedBinding, AdoptedFunction } from "./read-function.js";

/** What one method needs to know of its binding's TypeScript types. */
const types: Readonly<Record<string, string>> = {
  DaprServiceInvocationTrigger: "unknown",
  DaprTopicTrigger: "CloudEvent",
  DaprBindingTrigger: "unknown",
  HttpTrigger: "HttpRequest",
  Trigger: "unknown",
  DaprStateInput: "unknown",
  DaprSecret: "Record<string, string>",
  Input: "unknown",
  DaprStateOutput: "StateCollector<unknown>",
  DaprPublish: "PublishCollector<unknown>",
  DaprInvoke: "InvokeCollector<unknown>",
  DaprBindingOutput: "BindingCollector<unknown>",
  Output: "Collector<unknown>",
};

const typeNames: readonly string[] = [
  "BindingCollector",
  "CloudEvent",
  "Collector",
  "HttpRequest",
  "HttpResponse",
  "InvocationContext",
  "InvokeCollector",
  "PublishCollector",
  "StateCollector",
];

/** What a module of a class may have beside it, under which name no class can be written. */
export const namesInModule: ReadonlySet<string> = new Set([
  ...Object.keys(types),
  ...typeNames,
  "FunctionName",
  "Retry",
  "v3Handler",
  "handlers",
]);

const defaultNames: Readonly<Record<string, string>> = { HttpTrigger: "req" };

/**
 * The TypeScript module of one class: a method per function, its bindings as decorators, its body a call of the handler
 * as it was.
 *
 * @param className of the class to write
 * @param up how the module finds the app's root once it is built: `..` for build/functions.js
 */
export function writeClass(className: string, functions: readonly AdoptedFunction[], up: string): string {
  const named = withMethodNames(functions);
  const methods = named.map(([fn, method]) => toMethod(fn, method));
  const handlers = named
    .filter(([{ script }]) => script !== undefined)
    .map(([fn, method]) => toHandlerMember(fn, method, up));
  const body = methods.join("\n\n");
  const used = new Set(body.match(/\b[A-Z]\w+\b/g));
  const values = ["FunctionName", "Retry", ...Object.keys(types)].filter((name) => body.includes(`@${name}(`)).sort();
  const usedTypes = typeNames.filter((name) => used.has(name));
  return [
    `import {\n${[...values, ...usedTypes.map((name) => `type ${name}`)].map((name) => `  ${name},\n`).join("")}} from "dapr-functions";`,
    ...(handlers.length === 0 ? [] : [`import { v3Handler } from "dapr-functions/azure";`]),
    "",
    ...(handlers.length === 0
      ? []
      : ["/** The handlers as they were written for the v3 model. */", "const handlers = {", ...handlers, "};", ""]),
    `export class ${className} {`,
    body,
    "}",
    "",
  ].join("\n");
}

/** Names that are one once they are written as methods, such as `create-order` and `CreateOrder`, are numbered. */
function withMethodNames(functions: readonly AdoptedFunction[]): (readonly [AdoptedFunction, string])[] {
  const taken = new Set<string>();
  return functions.map((fn) => {
    const base = methodNameOf(fn.name);
    let method = base;
    for (let count = 2; taken.has(method); count++) method = `${base}${count}`;
    taken.add(method);
    return [fn, method];
  });
}

/** `CreateNewOrder` → `createNewOrder`, `order-created` → `orderCreated`. */
function methodNameOf(functionName: string): string {
  const words = functionName.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const joined = words
    .map((word, index) =>
      index === 0
        ? word.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (start) => start.toLowerCase())
        : word[0]!.toUpperCase() + word.slice(1),
    )
    .join("");
  const name = /^[a-z_$]/i.test(joined) ? joined : `function${joined}`;
  return name === "constructor" ? "constructorFunction" : name;
}

function toMethod(fn: AdoptedFunction, method: string): string {
  const { trigger, inputs, outputs, script, retry } = fn;
  const isHttp = trigger.decorator === "HttpTrigger";
  // The extension passes over the result of a topic function; here it would say what becomes of the event.
  const isTopic = trigger.decorator === "DaprTopicTrigger";
  const bound = [...inputs, ...outputs];
  const bindings = bound.map(({ name, decorator }) => `${name}: ${typeOf(decorator)}`).join("; ");
  const payload = `${script === undefined ? "_payload" : "payload"}: ${typeOf(trigger.decorator)}`;
  const second = `${script === undefined ? "_bindings" : "bindings"}: ${bound.length === 0 ? "object" : `{ ${bindings} }`}`;
  const reply = isHttp ? "HttpResponse | undefined" : isTopic ? "void" : "unknown";
  const lines = [
    ...(method === fn.name ? [] : [`@FunctionName(${text(fn.name)})`]),
    ...(retry === undefined ? [] : [`@Retry(${print(retry)})`]),
    toDecorator(trigger, true),
    ...bound.map((binding) => toDecorator(binding, false)),
    ...(script === undefined
      ? [
          `${method}(${payload}, ${second}): ${reply} {`,
          `  throw new Error(${text(`${fn.name}: it had no handler in JavaScript; write this method`)});`,
          "}",
        ]
      : [
          `async ${method}(${payload}, ${second}, context: InvocationContext): Promise<${reply}> {`,
          `  ${isTopic ? "" : "return "}await handlers.${method}(payload, bindings, context);`,
          "}",
        ]),
  ];
  return lines.map((line) => `  ${line}`).join("\n");
}

function toDecorator({ decorator, name, options }: AdoptedBinding, isTrigger: boolean): string {
  const isDefault = isTrigger && decorator !== "Trigger" && name === (defaultNames[decorator] ?? "payload");
  const all: Readonly<Record<string, JsonValue>> = isDefault ? options : { name, ...options };
  return Object.keys(all).length === 0 ? `@${decorator}()` : `@${decorator}(${print(all)})`;
}

function toHandlerMember(fn: AdoptedFunction, method: string, up: string): string {
  const names = [...fn.inputs, ...fn.outputs, fn.trigger].filter(({ originalName }) => originalName !== undefined);
  const options: Record<string, JsonValue> = {
    trigger: fn.trigger.originalName ?? fn.trigger.name,
    ...(fn.reply !== undefined && { reply: fn.reply }),
    ...(fn.entryPoint !== undefined && { entryPoint: fn.entryPoint }),
    ...(names.length > 0 && {
      names: Object.fromEntries(names.map(({ name, originalName }) => [name, originalName!])),
    }),
  };
  const type = fn.trigger.decorator === "HttpTrigger" ? "<HttpResponse | undefined>" : "";
  // A path in a variable: TypeScript then asks for no types of a JavaScript file, and loads it when it runs. What is not
  // escaped is a path for import() and for the require() that `"module": "commonjs"` makes of it.
  const path = `${up}/${fn.script!.replace(/[%?#]/g, encodeURIComponent)}`;
  return `  ${method}: v3Handler${type}(() => import(${text(path)} as string), ${print(options)}),`;
}

function typeOf(decorator: string): string {
  return types[decorator] ?? "unknown";
}

/** A literal in TypeScript: names unquoted where they may be. */
function print(value: JsonValue): string {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(print).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${/^[a-z_$][\w$]*$/i.test(name) ? name : text(name)}: ${print(member as JsonValue)}`,
    );
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return JSON.stringify(value);
}

/** JSON text, but for the two line ends that only JSON lets stand in a text. */
function text(value: string): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}
