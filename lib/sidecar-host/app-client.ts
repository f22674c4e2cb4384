import type { CallOptions, DaprClient } from "../client/dapr-client.js";
import { enc, methodNameProblem, methodPath } from "../client/paths.js";
import { badItem, checkOverride } from "../collectors/message.js";
import { kindOf } from "../model/values.js";
import { onAbort } from "../model/abort.js";
import type { ClientOpener, Invocation } from "../invocation/binding-host.js";
import type { AppCaller, AppCallOptions, AppReply, AppRequestOptions } from "../model/app-client.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprApp } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { JsonText } from "../model/json.js";
import { invocationVerbs } from "../model/paths.js";
import { summaryOf } from "../model/payload-issues.js";
import { describePayloadType, type ValidationOptions } from "../payload/payload-type.js";
import { answerValue } from "./answers.js";
import { calleesOf, type Callee } from "./callee.js";
import { appIdPart, compileInputOption, methodsOptions, type BindingPlace } from "./options.js";
import { callBody, callHeaders, messageBody } from "./values.js";

/** One call, ready to be sent. */
export interface AppCall {
  /** The method of the client that was called; `call` for the one that every client has. */
  readonly method: string;
  readonly appId: string;
  readonly methodName: string;
  readonly httpVerb: string;
  readonly payload: unknown;
  readonly options: AppRequestOptions;
}

const callOptions: ReadonlySet<string> = new Set<keyof AppCallOptions>(["headers", "signal", "timeout"]);
const requestOptions: ReadonlySet<string> = new Set<keyof AppRequestOptions>([
  "httpVerb",
  "headers",
  "query",
  "contentType",
  "signal",
  "timeout",
]);

/** Sends a call in an invocation. */
export type SendCall = (call: AppCall, invocation: Invocation) => Promise<AppReply>;

/** The names that a program asks any object for, as to write it into text, which no callee's method may have. */
const notMethods: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  "then",
  "catch",
  "finally",
  "toJSON",
  "prototype",
]);

/**
 * A client of another application: any name is a method of it, or those of its class where `of` gives it. Calls are
 * refused once the invocation has ended.
 *
 * @throws DefinitionError when the class that `of` gives has no functions, or has some that cannot be read
 */
export function appClientOpener(
  place: BindingPlace<DaprApp>,
  send: SendCall,
  validation?: ValidationOptions,
): ClientOpener {
  const { binding, where } = place;
  const { missing } = outputTypes.daprInvoke.overrides.appId;
  const appIdOf = compileInputOption(place, "appId", binding.appId, missing, appIdPart(place));
  const callees = binding.of === undefined ? undefined : calleesOf(place, binding.of, validation);
  return {
    open(invocation) {
      const appId = appIdOf(invocation);
      let isClosed = false;
      const request = async (call: Omit<AppCall, "appId">): Promise<AppReply> => {
        if (isClosed) {
          const message = `${where}: ${call.method}() came after the invocation had ended; await what leads to it`;
          invocation.context.error(message);
          throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
        }
        const whole = { ...call, appId };
        const sendIt = (): Promise<AppReply> => send(whole, invocation);
        return await (invocation.watch?.call?.(binding, sendIt, call.method, whole) ?? sendIt());
      };
      const caller: AppCaller = {
        call: async (methodName, payload, options = {}) => {
          refuseUnknown(options, requestOptions, `${where}, call`);
          const httpVerb = verbOf(options, where);
          return await request({
            method: "call",
            methodName: fullName(methodName, options, where),
            httpVerb,
            payload,
            options,
          });
        },
      };
      const named =
        (name: string, callee: Callee) =>
        async (given?: unknown, options: AppCallOptions = {}) => {
          const at = `${where}, ${name}`;
          const { httpVerb, payload: rule } = callee;
          // Made now, as those of `call` are: what the method does to it while it is checked is not what was given.
          const payload = given === undefined ? undefined : messageBody(given, undefined, at, "payload").content;
          refuseUnknown(options, callOptions, at);
          const headers = checkOverride(
            "daprInvoke",
            "headers",
            options.headers,
            () => at,
          ) as AppCallOptions["headers"];
          const own = headers === undefined ? options : { ...options, headers };
          if (rule !== undefined && payload instanceof JsonText) await checkPayload(rule, payload, at);
          const { value } = await request({
            method: name,
            methodName: callee.methodName(),
            httpVerb,
            payload,
            options: own,
          });
          return value;
        };
      const methodOf = (name: string): unknown => {
        if (callees !== undefined) {
          const callee = callees.get(name);
          return callee === undefined ? undefined : named(name, callee);
        }
        return named(name, { methodName: () => name, httpVerb: "POST", payload: undefined });
      };
      const client = new Proxy(caller, {
        get: (target, name) => {
          const isOwn = typeof name !== "string" || name === "call" || notMethods.has(name);
          return isOwn ? (Reflect.get(target, name) as unknown) : methodOf(name);
        },
      });
      return { client, close: () => void (isClosed = true) };
    },
  };
}

/** What sends calls to a sidecar, within the invocation's trace and time. */
export function sidecarCalls(client: DaprClient, place: BindingPlace<DaprApp>): SendCall {
  const { where, call } = place;
  return async ({ method, appId, methodName, httpVerb, payload, options }, invocation) => {
    const at = `${where}, ${method}`;
    const contentType = checkOverride("daprInvoke", "contentType", options.contentType, () => at) as string | undefined;
    const body = payload === undefined ? undefined : callBody(payload, contentType, at, "payload");
    const headers = callHeaders(options.headers, at);
    const result = await sendWithin(methodsOptions(place, invocation), options, (within) =>
      client.invokeMethod({ ...within, appId, methodName, httpVerb, body, headers }),
    );
    const operation = `${httpVerb} /v1.0/invoke/${enc(appId)}/method/${methodPath(methodName).path}`;
    const value = answerValue(result, operation, call.daprAddress ?? "the sidecar");
    return { status: result.status, headers: result.headers, value, bytes: result.body };
  };
}

/**
 * Sends within a call's own signal and time, beside those of the invocation.
 *
 * Not by `AbortSignal.any`, which Node keeps, once it is listened to, for as long as the longest-lived of its signals: a
 * program may give the same one to every call.
 */
export async function sendWithin<T>(
  call: CallOptions,
  { signal, timeout }: Pick<CallOptions, "signal" | "timeout">,
  send: (call: CallOptions) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return await send(timeout === undefined ? call : { ...call, timeout });
  if (call.signal === undefined) return await send({ ...call, timeout, signal });
  const either = new AbortController();
  const stops = [call.signal, signal].map((one) => {
    const abort = (): void => either.abort(one.reason);
    if (one.aborted) abort();
    return onAbort(one, abort);
  });
  try {
    return await send({ ...call, timeout, signal: either.signal });
  } finally {
    for (const stop of stops) stop();
  }
}

/** An option that nobody knows was meant to change something. */
function refuseUnknown(options: object, known: ReadonlySet<string>, at: string): void {
  const given = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(options).find((name) => !known.has(name) && given[name] !== undefined);
  if (unknown !== undefined) throw badItem(at, unknown, `a call has no such option; it has ${[...known].join(", ")}`);
}

function verbOf({ httpVerb = "POST" }: AppRequestOptions, where: string): string {
  const verb = typeof httpVerb === "string" ? httpVerb.toUpperCase() : "";
  if (invocationVerbs.has(verb)) return verb;
  throw badItem(`${where}, call`, "httpVerb", `must be one of ${[...invocationVerbs].join(", ")}`);
}

/** The method's name with the query that the options add. */
function fullName(methodName: unknown, { query }: AppRequestOptions, where: string): string {
  const at = `${where}, call`;
  if (typeof methodName !== "string") throw badItem(at, "methodName", `must be text, not ${kindOf(methodName)}`);
  const problem = methodNameProblem(methodName);
  if (problem !== undefined) throw badItem(at, "methodName", problem);
  const added = new URLSearchParams(definedIn(query)).toString();
  if (added === "") return methodName;
  return `${methodName}${methodName.includes("?") ? "&" : "?"}${added}`;
}

/** Without what `URLSearchParams` would make the text "undefined" of. */
function definedIn(query: AppRequestOptions["query"]): URLSearchParams | Record<string, string> {
  if (query !== undefined && Symbol.iterator in query) return query as URLSearchParams;
  return Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null));
}

/** What the callee would refuse is not sent. */
async function checkPayload(rule: NonNullable<Callee["payload"]>, payload: JsonText, where: string): Promise<void> {
  const result = await rule.check(payload.toJSON());
  if (result.issues === undefined) return;
  const what = `it is not valid as ${describePayloadType(rule.type)}: ${summaryOf(result)}`;
  throw badItem(where, "payload", what);
}
