import type { InputBinding, OutputBinding } from "../model/bindings.js";
import { InvocationError, PayloadError } from "../model/errors.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { CloudEvent, HttpRequest } from "../model/invocation.js";
import { summaryOf, type Invalid } from "../model/payload-issues.js";
import {
  compileCheck,
  describePayloadType,
  type Check,
  type Checked,
  type CheckOptions,
} from "../payload/payload-type.js";
import { compilePayloadCheck } from "../payload/decode.js";
import type { InputReader } from "./binding-host.js";
import { withCheckedBody } from "./requests.js";
import { isSameJson, writtenJson } from "./written-json.js";

/** What of the payload has a type: a topic event's `data`, an HTTP request's body, else the payload itself. */
export function payloadCheckOf(
  definition: FunctionDefinition,
  validation: CheckOptions | undefined,
): ((payload: unknown) => MaybePromise<unknown>) | undefined {
  const { payloadType, trigger } = definition;
  if (payloadType === undefined) return undefined;
  const check = compilePayloadCheck(payloadType, validation);
  const valueOf = (result: Checked): unknown => {
    if (result.issues === undefined) return result.value;
    const message = `${placeOf(definition)}, trigger "${trigger.name}": the payload is not valid as ${describePayloadType(payloadType)}: ${summaryOf(result)}`;
    throw new PayloadError("ERR_PAYLOAD_INVALID", message, { issues: result.issues });
  };
  const checked = (value: unknown): MaybePromise<unknown> => {
    const result = check(value);
    return isPromise(result) ? result.then(valueOf) : valueOf(result);
  };
  switch (trigger.type) {
    case "daprTopicTrigger":
      return async (event) => ({ ...(event as CloudEvent), data: await checked((event as CloudEvent).data) });
    case "httpTrigger":
      return async (request) => {
        const body = await bodyOf(request as HttpRequest);
        return withCheckedBody(request as HttpRequest, await checked(body));
      };
    default:
      return checked;
  }
}

async function bodyOf(request: HttpRequest): Promise<unknown> {
  const text = await request.text();
  return text === "" ? undefined : await request.json();
}

export function valueCheckOf(
  binding: InputBinding | OutputBinding,
  validation: CheckOptions | undefined,
): Check | undefined {
  const valueType = "valueType" in binding ? binding.valueType : undefined;
  return valueType === undefined ? undefined : compileCheck(valueType, validation);
}

/** What an item of an output is checked against when it is added. */
export function outputCheckOf(
  output: OutputBinding,
  { topicOutputs }: FunctionDefinition,
  validation: CheckOptions | undefined,
): Check | undefined {
  const check = valueCheckOf(output, validation);
  return check !== undefined && topicOutputs?.includes(output.name) === true ? twice(check) : check;
}

/**
 * The check of a payload that is checked again where it arrives. It gives what has to be sent so that what the type makes of
 * an item is what a subscriber gets: that itself where it is read as it is, else the item as it was given.
 */
function twice(check: Check): Check {
  return (item) => {
    const made = check(item);
    if (made instanceof Promise || made.issues !== undefined) return made;
    const due = writtenJson(made.value);
    // Bytes, and what has no JSON, which is said when it is written.
    if (due === undefined) return made;
    let refusal: Invalid | undefined;
    for (const sent of [made.value, item]) {
      const text = sent === made.value ? due : writtenJson(sent);
      const read = text === undefined ? undefined : check(JSON.parse(text));
      if (read === undefined) continue;
      // Whoever adds the item says that it cannot wait, as of the first check.
      if (read instanceof Promise) return read;
      if (read.issues !== undefined) refusal ??= read;
      else if (isSameJson(writtenJson(read.value), due)) return { value: sent };
    }
    const message =
      refusal === undefined
        ? "subscribers would read something else, since its topic's payload type converts it each time; give a type that " +
          "leaves its own output as it is"
        : `subscribers would refuse it: ${summaryOf(refusal)}; give the topic a payload type that takes what JSON makes of it`;
    return { issues: [{ path: "", message, rule: "topic" }] };
  };
}

/** A reader that makes instances of the input's `valueType` out of what is stored. */
export function revived(
  input: InputBinding,
  reader: InputReader,
  definition: FunctionDefinition,
  validation: CheckOptions | undefined,
): InputReader {
  const check = valueCheckOf(input, validation);
  if (check === undefined) return { read: (invocation) => reader.read(invocation) };
  const where = `${placeOf(definition)}, input "${input.name}"`;
  const revive = (value: unknown): unknown => {
    if (value === undefined) return undefined;
    const result = check(value);
    if (result instanceof Promise) {
      throw new InvocationError(
        "ERR_VALUE_INVALID",
        `${where}: its valueType answers with a promise; give one that checks synchronously`,
      );
    }
    if (result.issues === undefined) return result.value;
    throw new InvocationError(
      "ERR_VALUE_INVALID",
      `${where}: ${input.type === "daprState" ? "the stored value" : "the answer"} is not valid: ${summaryOf(result)}`,
    );
  };
  const part = recordPart(input);
  return {
    async read(invocation) {
      const found = await reader.read(invocation);
      invocation.watch?.found?.(input, found);
      if (part === undefined) return revive(found);
      const record = found as Readonly<Record<string, unknown>>;
      return { ...record, [part]: revive(record[part]) };
    },
  };
}

/** Where an input that gives a record has its value; undefined for one that gives the value itself. */
function recordPart(input: InputBinding): "value" | "data" | undefined {
  if (!("record" in input) || input.record !== true) return undefined;
  return input.type === "daprBinding" ? "data" : "value";
}
