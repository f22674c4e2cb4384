import type { DaprClient, InvokeMethodRequest } from "../client/dapr-client.js";
import { methodNameProblem } from "../client/paths.js";
import { badItem } from "../collectors/message.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprInvoke } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import { compileTemplate } from "../expressions/template.js";
import { invocationVerbs } from "../model/paths.js";
import type { Invocation, OutputWriter } from "../invocation/binding-host.js";
import { callOptions, compileItemOption, compileOption, optionProblem, type BindingPlace } from "./options.js";
import { messageBody, sendInOrder } from "./values.js";

type InvokeMessage = Pick<InvokeMethodRequest, "appId" | "methodName" | "httpVerb" | "body" | "headers">;

const rules = outputTypes.daprInvoke.overrides;

export function invokeWriter(client: DaprClient, place: BindingPlace<DaprInvoke>): OutputWriter<InvokeMessage> {
  const { binding, where } = place;
  const appIdOf = compileItemOption(place, "appId", binding.appId, rules.appId.missing);
  const methodNameOf = compileMethodName(place);
  const httpVerbOf = compileVerb(place);
  return {
    toMessage(item, invocation) {
      const { value, overrides } = item;
      const appId = appIdOf(item, invocation);
      const methodName = methodNameOf(item, invocation);
      const httpVerb = httpVerbOf(item, invocation);
      const body =
        value === undefined || value === null
          ? undefined
          : messageBody(value, overrides["contentType"] as string | undefined, where, "body");
      return { appId, methodName, httpVerb, body, headers: overrides["headers"] as InvokeMessage["headers"] };
    },
    async write(messages, invocation) {
      const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
      await sendInOrder(messages, ({ appId, methodName, httpVerb, body, headers }) => {
        return client.invokeMethod({
          appId,
          methodName,
          httpVerb,
          body,
          headers,
          discard: true,
          binding: name,
          daprAddress,
          signal,
          traceHeaders,
        });
      });
    },
  };
}

type Compiled = (item: OutputItem, invocation: Invocation) => string;

/**
 * The method's name. What expressions put in stays where the option has it: it cannot begin a query or, beside other
 * text, another segment, and in a query it cannot begin another parameter.
 */
function compileMethodName(place: BindingPlace<DaprInvoke>): Compiled {
  const { binding, where } = place;
  const text = binding.methodName;
  const compiled = text !== undefined && compileTemplate(text).constant === undefined ? divided(text) : undefined;
  const refuse = (value: string): string => {
    const bad = compiled?.alone === true ? /[?]/.exec(value) : /[?/]/.exec(value);
    if (bad !== null) throw badItem(where, "methodName", `a value put into it holds "${bad[0]}"`);
    return value;
  };
  const pathOf = compileOption(place, "methodName", compiled?.path ?? text, refuse);
  const queryOf = compileOption(place, "methodName", compiled?.query, encodeURIComponent);
  return (item, invocation) => {
    let methodName = item.overrides["methodName"] as string | undefined;
    if (methodName === undefined) {
      const query = queryOf(invocation);
      const path = pathOf(invocation);
      methodName = query === undefined ? path : `${path}?${query}`;
    }
    if (methodName === undefined || methodName === "") {
      throw badItem(where, "methodName", `${rules.methodName.missing}; give it in the decorator or with the item`);
    }
    const problem = methodNameProblem(methodName);
    if (problem !== undefined) throw badItem(where, "methodName", problem);
    return methodName;
  };
}

/** Path and query of a template, and whether the path is one expression and nothing else. */
function divided(text: string): { path: string; query: string | undefined; alone: boolean } {
  const path = /^(?:\{\{|\}\}|\{[^{}]*\}|[^{}?])*/.exec(text)![0];
  const query = path.length < text.length ? text.slice(path.length + 1) : undefined;
  return { path, query, alone: /^\/?\{[^{}]*\}$/.test(path) };
}

/**
 * Unlike the extension, which passes on any verb, only the eight that Dapr delivers as they are.
 *
 * @throws DefinitionError when the option is no verb
 */
function compileVerb(place: BindingPlace<DaprInvoke>): Compiled {
  const text = place.binding.httpVerb ?? "POST";
  const problem = `must be one of ${[...invocationVerbs].join(", ")}`;
  const { constant } = compileTemplate(text);
  if (constant !== undefined && constant !== "" && !invocationVerbs.has(constant.toUpperCase())) {
    throw optionProblem(place, "option-invalid", "httpVerb", `${problem}, not "${constant}"`);
  }
  const option = compileOption(place, "httpVerb", text);
  return (item, invocation) => {
    const verb = ((item.overrides["httpVerb"] as string | undefined) ?? option(invocation) ?? "").toUpperCase();
    if (invocationVerbs.has(verb)) return verb;
    throw badItem(place.where, "httpVerb", problem);
  };
}
