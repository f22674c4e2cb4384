import { badItem, overrideName, valueRule } from "../collectors/message.js";
import { outputTypes, type OutputType } from "../model/binding-table.js";
import { requestBodyItems } from "../collectors/request-body.js";
import type { OutputItem } from "../model/collector.js";

const types = Object.keys(outputTypes) as OutputType[];

/**
 * The items of a request body given to a fake that stands for no output in particular: each envelope is read as that of
 * the output whose properties it has.
 *
 * @throws InvocationError `ERR_DAPR_BAD_REQUEST`
 */
export function readRequestBody(body: unknown, where: () => string): OutputItem[] {
  if (body === null || body === undefined) return [];
  const content = isText(body) ? parsed(body) : body;
  const envelopes = Array.isArray(content) ? (content as unknown[]) : [content];
  return envelopes.flatMap((envelope) => readEnvelope(envelope, where));
}

function readEnvelope(envelope: unknown, where: () => string): OutputItem[] {
  const type = typeOf(isText(envelope) ? parsed(envelope) : envelope);
  // In a list, since a list may not hold another one.
  const items = requestBodyItems([envelope], type, where, new Set());
  const { name, missing, required } = valueRule(type);
  if (required !== "never" && items.some(({ value }) => value === undefined)) throw badItem(where(), name, missing);
  return items;
}

function typeOf(envelope: unknown): OutputType {
  const names = typeof envelope === "object" && envelope !== null ? Object.keys(envelope) : [];
  const has = (test: (type: OutputType, name: string) => boolean): OutputType | undefined =>
    types.find((type) => names.some((name) => test(type, name)));
  return (
    has((type, name) => name.toLowerCase() === valueRule(type).name) ??
    has((type, name) => name.toLowerCase() !== "metadata" && overrideName(type, name, "request-body") !== undefined) ??
    "daprBinding"
  );
}

function isText(value: unknown): value is string | Uint8Array {
  return typeof value === "string" || value instanceof Uint8Array;
}

/** Undefined for text that is not JSON, which the reader of the envelopes refuses in its own words. */
function parsed(value: string | Uint8Array): unknown {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return value;
    }
  };
  const content = parse(typeof value === "string" ? value : new TextDecoder().decode(value));
  return typeof content === "string" ? parse(content) : content;
}
