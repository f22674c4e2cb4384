import type { DaprClient, InvokeMethodRequest, InvokeMethodResult, MessageBody } from "../client/dapr-client.js";
import { enc, methodNameProblem, methodPath } from "../client/paths.js";
import { checkOverride } from "../collectors/message.js";
import { compileTemplate } from "../expressions/template.js";
import type { InputReader, Invocation, OutputWriter } from "../invocation/binding-host.js";
import type { AppReply } from "../model/app-client.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprInvoke, DaprInvokeInput } from "../model/bindings.js";
import { InvocationError, PayloadError, SidecarError } from "../model/errors.js";
import { invocationVerbs } from "../model/paths.js";
import { answerValue, nothingAnswered } from "./answers.js";
import {
  badItemOption,
  badOption,
  appIdPart,
  callOptions,
  compileInputOption,
  compileItemOption,
  compileMap,
  compileOption,
  compileValue,
  optionProblem,
  type BindingPlace,
  type Option,
} from "./options.js";
import { bodyContent } from "../client/http/json-text.js";
import { refuseTooLarge } from "./request-size.js";
import { callBody, callHeaders, sendInOrder } from "./values.js";
import { withSendableTrace } from "../invocation/trace-headers.js";

/** A class, as `StateEntry` of `state.ts` says. */
class InvokeMessage {
  constructor(
    readonly appId: string,
    readonly methodName: string,
    readonly httpVerb: string,
    readonly body: MessageBody | undefined,
    readonly headers: InvokeMethodRequest["headers"],
  ) {}
}

const rules = outputTypes.daprInvoke.overrides;

/** @param limit bytes of a request that the sidecar takes */
export function invokeWriter(
  client: DaprClient,
  place: BindingPlace<DaprInvoke>,
  limit: number,
): OutputWriter<InvokeMessage> {
  const { binding, where } = place;
  const appIdOf = compileItemOption(place, "appId", binding.appId, rules.appId.missing, appIdPart(place));
  const methodNameOf = compileMethodName(place);
  const httpVerbOf = compileVerb(place, "POST");
  return {
    toMessage(item, invocation) {
      const { value, overrides } = item;
      const appId = appIdOf(item, invocation);
      const given = (overrides["methodName"] as string | undefined) ?? methodNameOf(invocation);
      const methodName = checkedMethodName(
        given,
        (what) => badItemOption(place, "methodName", binding.methodName, item, what),
        "; give it in the decorator or with the item",
      );
      const verb = (overrides["httpVerb"] as string | undefined) ?? httpVerbOf(invocation);
      const httpVerb = checkedVerb(verb, (what) => badItemOption(place, "httpVerb", binding.httpVerb, item, what));
      const body =
        value === undefined || value === null
          ? undefined
          : callBody(value, overrides["contentType"] as string | undefined, where, "body");
      if (body !== undefined) {
        const content = bodyContent(body);
        refuseTooLarge(where, "body", limit, 3 * content.length, (sent) => Buffer.byteLength(sent), content);
      }
      const headers = withSendableTrace(overrides["headers"] as InvokeMessage["headers"]);
      return new InvokeMessage(appId, methodName, httpVerb, body, headers);
    },
    write(messages, invocation) {
      return sendInOrder(messages, place, invocation, ({ appId, methodName, httpVerb, body, headers }, call) => {
        const { binding: name, daprAddress, signal, traceHeaders } = call;
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

/**
 * What another application answers. A callee's 204, and its 404, are not a failure: there is no value.
 *
 * @throws DefinitionError for a verb or a header that cannot be sent
 */
export function invokeReader(client: DaprClient, place: BindingPlace<DaprInvokeInput>): InputReader {
  const { binding, where, call } = place;
  const appIdOf = compileInputOption(place, "appId", binding.appId, rules.appId.missing, appIdPart(place));
  const methodNameOf = compileMethodName(place);
  const httpVerbOf = compileVerb(place, "GET");
  const bodyOf = compileValue(place, "body", binding.body);
  const { headersFor, contentTypeFor } = headersOf(place);
  return {
    async read(invocation) {
      const appId = appIdOf(invocation);
      const methodName = checkedMethodName(methodNameOf(invocation), (what) =>
        badOption(place, "methodName", binding.methodName, what),
      );
      const httpVerb = checkedVerb(httpVerbOf(invocation), (what) =>
        badOption(place, "httpVerb", binding.httpVerb ?? "", what),
      );
      const body = bodyOf(invocation);
      const operation = `${httpVerb} /v1.0/invoke/${enc(appId)}/method/${methodPath(methodName).path}`;
      const target = call.daprAddress ?? "the sidecar";
      const reply = await answerTo(
        client.invokeMethod({
          ...callOptions(place, invocation),
          appId,
          methodName,
          httpVerb,
          body: body === undefined ? undefined : callBody(body, contentTypeFor(invocation), where, "body"),
          headers: headersFor(invocation),
        }),
        binding.required === true,
      );
      const value = reply.status === 404 ? undefined : answerValue(reply, operation, target);
      if (value === undefined && binding.required === true) {
        throw nothingAnswered(`${call.binding}, ${operation} answered ${reply.status}: no value`, operation, target);
      }
      if (binding.record !== true) return value;
      return { status: reply.status, headers: reply.headers, value, bytes: reply.body } satisfies AppReply;
    },
  };
}

/** What the callee answers; its 404 as well, unless an answer is required. */
async function answerTo(asking: Promise<InvokeMethodResult>, isRequired: boolean): Promise<InvokeMethodResult> {
  try {
    return await asking;
  } catch (error) {
    if (isRequired || !(error instanceof SidecarError) || error.status !== 404) throw error;
    const { status, headers, body } = error;
    return { status, headers, body };
  }
}

/** The content type is the body's; of the others those are refused at start that are wrong whatever their values. */
function headersOf(place: BindingPlace<DaprInvokeInput>) {
  const all = Object.entries(place.binding.headers ?? {});
  const isType = (name: string): boolean => name.toLowerCase() === "content-type";
  const headers = Object.fromEntries(all.filter(([name]) => !isType(name)));
  const contentType = all.find(([name]) => isType(name))?.[1];
  try {
    const constant = all.filter(([name, text]) => !isType(name) && compileTemplate(text).constant !== undefined);
    checkOverride("daprInvoke", "headers", Object.fromEntries(constant), () => place.where);
  } catch (error) {
    const what = (error as Error).message.replace(`${place.where}, headers: `, "");
    throw optionProblem(place, "option-invalid", "headers", what);
  }
  const headersFor = compileMap(place, "headers", headers);
  const contentTypeFor = compileOption(place, "headers.content-type", contentType);
  return {
    headersFor: (invocation: Invocation) => ofData(() => callHeaders(headersFor(invocation), place.where)),
    contentTypeFor: (invocation: Invocation) =>
      ofData(() => checkOverride("daprInvoke", "contentType", contentTypeFor(invocation), () => place.where)) as
        string | undefined,
  };
}

/** What cannot be sent of what expressions have found: what is wrong in any case was refused at start. */
function ofData<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof InvocationError ? new PayloadError("ERR_BINDING_DATA", error.message) : error;
  }
}

/**
 * The method's name. What expressions put in stays where the option has it: it cannot begin a query or, beside other
 * text, another segment, and in a query it cannot begin another parameter.
 */
function compileMethodName(place: BindingPlace<DaprInvoke | DaprInvokeInput>): Option {
  const text = place.binding.methodName;
  const compiled = text !== undefined && compileTemplate(text).constant === undefined ? divided(text) : undefined;
  const refuse = (value: string): string => {
    const bad = compiled?.alone === true ? /[?]/.exec(value) : /[?/]/.exec(value);
    if (bad !== null) throw badOption(place, "methodName", text!, `a value put into it holds "${bad[0]}"`);
    return value;
  };
  const pathOf = compileOption(place, "methodName", compiled?.path ?? text, refuse);
  const queryOf = compileOption(place, "methodName", compiled?.query, encodeURIComponent);
  return (invocation) => {
    const query = queryOf(invocation);
    const path = pathOf(invocation);
    return query === undefined ? path : `${path}?${query}`;
  };
}

/** @param hint what to do where there is none */
function checkedMethodName(methodName: string | undefined, bad: (what: string) => Error, hint = ""): string {
  if (methodName === undefined || methodName === "") throw bad(rules.methodName.missing + hint);
  const problem = methodNameProblem(methodName);
  if (problem !== undefined) throw bad(problem);
  return methodName;
}

/** Path and query of a template, and whether the path is one expression and nothing else. */
function divided(text: string): { path: string; query: string | undefined; alone: boolean } {
  const path = /^(?:\{\{|\}\}|\{[^{}]*\}|[^{}?])*/.exec(text)![0];
  const query = path.length < text.length ? text.slice(path.length + 1) : undefined;
  return { path, query, alone: /^\/?\{[^{}]*\}$/.test(path) };
}

const verbProblem = `must be one of ${[...invocationVerbs].join(", ")}`;

/**
 * Unlike the extension, which passes on any verb, only the eight that Dapr delivers as they are.
 *
 * @throws DefinitionError when the option is not a verb
 */
function compileVerb(place: BindingPlace<DaprInvoke | DaprInvokeInput>, byDefault: string): Option {
  const text = place.binding.httpVerb ?? byDefault;
  const { constant } = compileTemplate(text);
  if (constant !== undefined && constant !== "" && !invocationVerbs.has(constant.toUpperCase())) {
    throw optionProblem(place, "option-invalid", "httpVerb", `${verbProblem}, not "${constant}"`);
  }
  return compileOption(place, "httpVerb", text);
}

function checkedVerb(given: string | undefined, bad: (what: string) => Error): string {
  const verb = (given ?? "").toUpperCase();
  if (invocationVerbs.has(verb)) return verb;
  throw bad(verbProblem);
}
