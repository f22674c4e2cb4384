import { isReply } from "../model/invocation.js";
import { messageOf } from "../model/thrown.js";
import { isRecord } from "../model/values.js";
import {
  bytesName,
  bytesOf,
  plainName,
  secretName,
  toRecorded,
  undefinedName,
  type RecordedError,
} from "./recording.js";

/** Stands for what is secret. */
const hidden = "***";

/** What names of headers have that prove who someone is. */
export const credentialNames = /key|token|secret|^(set-)?cookie$|^(proxy-)?authorization$/i;

/** Headers without those that look like credentials. */
export function plainHeaders(headers: object): Record<string, unknown> {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(entries.filter(([name]) => !credentialNames.test(name)));
}

const schemes = ["basic", "bearer", "digest", "dpop", "negotiate"];

/** What stands in a replay for the headers that look like credentials: `Bearer ***`, and names of cookies. */
export function standInsFor(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => credentialNames.test(name)).map(([name, value]) => [name, standInFor(name, value)]),
  );
}

function standInFor(name: string, value: string): string {
  if (name === "cookie") {
    const cookies = value.split("; ").map((cookie) => cookie.split("="));
    return cookies.map((parts) => (parts.length === 1 ? hidden : `${parts[0]}=${hidden}`)).join("; ");
  }
  const [scheme = ""] = value.split(" ", 1);
  return schemes.includes(scheme.toLowerCase()) ? `${scheme} ${hidden}` : hidden;
}

/** What is recorded of a value whose `headers` are those of an answer; its cookies are left out. */
export function toRecordedAnswer(answer: unknown): unknown {
  if (!isRecord(answer) || ArrayBuffer.isView(answer) || answer instanceof ArrayBuffer) return toRecorded(answer);
  const { cookies: _, headers, ...rest } = answer;
  const kept = typeof headers === "object" && headers !== null ? plainHeaders(headers) : headers;
  return toRecorded({ ...rest, ...(kept !== undefined && { headers: kept }) });
}

/** What is recorded of what a method returned: an HttpResponse or a Reply has headers, anything else is data. */
export function toRecordedReply(returned: unknown, trigger: string): unknown {
  return trigger === "httpTrigger" || isReply(returned) ? toRecordedAnswer(returned) : toRecorded(returned);
}

/** What is recorded of what a call rejected with. */
export function toRecordedError(thrown: unknown): RecordedError {
  const error = isRecord(thrown) ? thrown : {};
  const { code, status, operation, headers, body } = error;
  return {
    name: typeof error["name"] === "string" ? error["name"] : "Error",
    message: messageOf(thrown),
    ...(typeof code === "string" && { code }),
    ...(typeof status === "number" && { status }),
    ...(typeof operation === "string" && { operation }),
    ...(isRecord(headers) && { headers: plainHeaders(headers) as Record<string, string> }),
    ...(ArrayBuffer.isView(body) && body.byteLength > 0 && { body: bytesOf(body) }),
  };
}

/** The URL with `***` for `code`, the key with which Azure's callers prove themselves. */
export function hideCode(url: string): string {
  const parsed = new URL(url, "http://localhost");
  const codes = [...parsed.searchParams.keys()].filter((name) => name.toLowerCase() === "code");
  if (codes.length === 0) return url;
  for (const name of codes) parsed.searchParams.set(name, hidden);
  return parsed.href;
}

/** Texts shorter than this stand in too much that has nothing to do with them. */
const minLength = 4;

/** Secrets that must not be written anywhere. */
export class Secrets {
  readonly #texts = new Set<string>();
  #pattern: RegExp | undefined;
  #bytesPattern: RegExp | undefined;

  /** @param value whose texts are secret, also those in JSON that one of them holds */
  add(value: unknown): void {
    this.#pattern = undefined;
    this.#bytesPattern = undefined;
    if (typeof value === "object" && value !== null) {
      Object.values(value).forEach((member) => this.add(member));
      return;
    }
    if (value === undefined || value === null || typeof value === "boolean") return;
    const text = String(value as string | number);
    if (text.length >= minLength) this.#texts.add(text);
    if (!/^\s*[{[]/.test(text)) return;
    try {
      this.add(JSON.parse(text));
    } catch {
      // Not JSON: the text as a whole is the secret.
    }
  }

  /** A recorded value in which `***` stands for every secret. */
  hide(recorded: unknown): unknown {
    return this.#texts.size === 0 ? recorded : this.#hide(recorded);
  }

  /** The same for the members of an object whose names are no part of what was recorded. */
  hideMembers<T extends object>(recorded: T): T {
    return Object.fromEntries(Object.entries(recorded).map(([name, member]) => [name, this.hide(member)])) as T;
  }

  /** Text in which `***` stands for every secret. */
  hideIn(text: string): string {
    if (this.#texts.size === 0) return text;
    // As it is, in JSON, in the path of a URL and in its query.
    this.#pattern ??= anyOf(
      [...this.#texts].flatMap((secret) => {
        const inQuery = new URLSearchParams([["", secret.toWellFormed()]]).toString().slice(1);
        return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed()), inQuery];
      }),
    );
    return text.replace(this.#pattern, "***");
  }

  #hide(recorded: unknown): unknown {
    if (typeof recorded === "string") return this.hideIn(recorded);
    if (typeof recorded === "number") {
      const text = String(recorded);
      return this.hideIn(text) === text ? recorded : "***";
    }
    if (Array.isArray(recorded)) return recorded.map((item) => this.#hide(item));
    if (!isRecord(recorded)) return recorded;
    const members = Object.entries(recorded);
    if (members.length === 1) {
      const [name, content] = members[0]!;
      if (name === bytesName && typeof content === "string") return this.#hideInBytes(content);
      if (name === undefinedName || name === secretName) return recorded;
      if (name === plainName && isRecord(content)) return { [plainName]: this.#hideEach(Object.entries(content)) };
    }
    return this.#hideEach(members);
  }

  #hideEach(members: readonly (readonly [string, unknown])[]): object {
    return Object.fromEntries(members.map(([name, member]) => [this.hideIn(name), this.#hide(member)]));
  }

  #hideInBytes(base64: string): unknown {
    // One character a byte, so that what is no text stays what it is.
    const text = Buffer.from(base64, "base64").toString("latin1");
    this.#bytesPattern ??= anyOf(
      [...this.#texts].flatMap((secret) =>
        [secret, JSON.stringify(secret).slice(1, -1)].map((form) => Buffer.from(form).toString("latin1")),
      ),
    );
    return bytesOf(Buffer.from(text.replace(this.#bytesPattern, "***"), "latin1"));
  }
}

/** The longest first: one secret may begin with another. */
function anyOf(texts: readonly string[]): RegExp {
  const sorted = [...new Set(texts)].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}
