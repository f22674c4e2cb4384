import { styleText } from "node:util";
import { visible } from "../../model/visible.js";
import type { FailureRecord, InvocationRecord, StepRecord } from "../../inspector/page/wire.js";

/** How `run` prints invocations: a line each, or JSON. */
export type LineFormat = "text" | "json" | "off";

const maxText = 120;

/**
 * One line for an invocation that has ended, and for one that failed another with the cause and the place.
 *
 * @example
 * 14:03:07 placeOrder POST /placeOrder 12 ms → state orders-state ×1, publish shop-bus/orders ×1 → {"id":"1"}
 */
export function lineOf(record: InvocationRecord, format: LineFormat, colours: boolean): string {
  if (format === "json") return JSON.stringify(record);
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    // Whether the stream takes colours is the caller's to know.
    colours ? styleText(style, text, { validateStream: false }) : text;
  const { trigger, functionName, appId, ms = 0, attempt, requests, failure, reply } = record;
  const time = new Date(record.begun).toTimeString().slice(0, 8);
  const sent = visible(sentTexts(requests).join(", "));
  const words = [
    paint("dim", time),
    paint("bold", `${appId}/${functionName}`),
    visible(`${trigger.type === "topic" || trigger.type === "binding" ? `${trigger.type} ` : ""}${trigger.where}`),
    `${ms} ms`,
    ...(attempt > 1 ? [paint("yellow", `attempt ${attempt}`)] : []),
    ...(sent === "" ? [] : [`→ ${sent}`]),
    failure === undefined
      ? paint("green", `→ ${reply === undefined || reply.text === "" ? "done" : visible(cut(reply.text))}`)
      : paint("red", `✗ ${failure.errorCode}: ${visible(whyOf(failure))}`),
    ...(failure?.place === undefined ? [] : [paint("dim", `(${failure.place})`)]),
  ];
  return words.join(" ");
}

function whyOf({ message, cause }: FailureRecord): string {
  return cause === undefined ? message : `${message}, caused by ${cause}`;
}

/** What went to one place in one way, and ended the same, is counted together: a client may be called a thousand times. */
function sentTexts(requests: readonly StepRecord[]): string[] {
  const sent = new Map<string, { readonly what: string; readonly failed: string; count: number }>();
  for (const { what, count = 1, error } of requests) {
    const failed = error === undefined ? "" : ` failed: ${cut(error)}`;
    const key = JSON.stringify([what, failed]);
    const before = sent.get(key);
    if (before === undefined) sent.set(key, { what, failed, count });
    else before.count += count;
  }
  return Array.from(sent.values(), ({ what, failed, count }) => `${what} ×${count}${failed}`);
}

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}
