import { types } from "node:util";
import { JsonText } from "../model/json.js";
import { elementPath, joinedPath, memberPath } from "../model/payload-issues.js";

/**
 * The bytes of a Uint8Array or ArrayBuffer, copied, so that later changes are not sent; undefined for anything else, and for
 * bytes that are gone, of which {@link stringify} says so.
 */
export function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) {
    if (!types.isUint8Array(value) || (value.length === 0 && isGone(value))) return undefined;
    return Buffer.from(value);
  }
  // Buffers have a tag and most objects do not, which is quicker to see than what the object is.
  if ((value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === undefined) return undefined;
  if (!types.isAnyArrayBuffer(value) || (value.byteLength === 0 && isGone(value))) return undefined;
  return Buffer.from(value.slice(0) as ArrayBuffer);
}

/** True for bytes whose buffer was transferred or has shrunk: they look like none. */
function isGone(bytes: ArrayBufferLike | ArrayBufferView): boolean {
  try {
    // Only this constructor says so.
    new Uint8Array((types.isUint8Array(bytes) || !ArrayBuffer.isView(bytes) ? bytes : bytes.buffer) as ArrayBuffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * A value as JSON text, serialised here and now; a {@link JsonText} is returned as it is. Undefined where JSON has no
 * text for the value, as for a function.
 *
 * @throws TypeError as {@link stringify}
 */
export function jsonTextOf(value: unknown): JsonText | undefined {
  if (value instanceof JsonText) return value;
  const text = stringify(value);
  return text === undefined ? undefined : new JsonText(text);
}

/**
 * May be a number that is spelt otherwise when it is written anew: with many digits, a zero at its end, an exponent. What
 * `JSON.stringify` wrote hardly ever has one, so that what follows, which costs as much as all the rest, is rare.
 */
const unusualNumber = /(?:^|[:,[])\s*-?(?:\d{16}|\d{8,}\.|\d+\.(?:\d{9}|\d*0(?!\d))|\d+(?:\.\d+)?[eE])/;

/** True for JSON that is another once it is parsed and written anew: `2.50`, an integer of 20 digits. */
export function changesWhenParsed({ text }: JsonText): boolean {
  return unusualNumber.test(text) && JSON.stringify(JSON.parse(text)) !== text;
}

/**
 * What `JSON.stringify` makes of a value of which it loses nothing.
 *
 * @throws TypeError for a cycle or a BigInt, as `JSON.stringify` does, and {@link LostInJson}
 */
export function stringify(value: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    // Of a stream, which has a cycle, what it is says more.
    const lost = typeof value === "object" && value !== null ? lostByCalls(value) : undefined;
    throw lost === undefined ? error : new LostInJson(lost);
  }
  // Afterwards, when it is known that the value has no cycle.
  const lost = lostIn(value);
  if (lost !== undefined) throw new LostInJson(lost);
  return text;
}

/** Part of a value that JSON does not know: where it is, what it is, and what to give instead. */
interface Lost {
  readonly path: string;
  readonly what: string;
  /** In the place of the value itself, and in that of a part of it. */
  readonly instead?: readonly [alone: string, inside: string];
}

/** A value of which JSON would lose something. */
export class LostInJson extends TypeError {
  constructor({ path, what, instead }: Lost) {
    const subject = path === "" ? what : `${path} is ${what}`;
    super(
      instead === undefined ? subject : `${subject}, which JSON does not know; give ${instead[path === "" ? 0 : 1]}`,
    );
  }
}

/**
 * What JSON would lose of a value: a promise that nobody awaited, a Map or an Error, of which it makes `{}`; bytes, of which
 * it makes an object of numbers; `NaN`, of which it makes null. `undefined`, functions and symbols are left out, as everybody knows of JSON.
 *
 * Every item passes here, of which there may be very many.
 */
function lostIn(value: unknown): Lost | undefined {
  if (typeof value === "object") return value === null ? undefined : lostInObject(value);
  if (typeof value !== "number" || Number.isFinite(value)) return undefined;
  return { path: "", what: String(value), instead: ["a finite number or null", "a finite number or null"] };
}

function lostInObject(value: object): Lost | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const lost = lostIn(value[index]);
      if (lost !== undefined) return within(elementPath("", index), lost);
    }
    return undefined;
  }
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? lostInOwnJson(value as OwnJson) : lostInMembers(value);
}

function lostInMembers(value: object): Lost | undefined {
  // Of a class, without a prototype, or of another realm.
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    const lost = Object.prototype.toString.call(value) === "[object Object]" ? lostByCalls(value) : lostByTag(value);
    if (lost !== undefined) return lost;
  }
  for (const name in value) {
    const member: unknown = value[name as never];
    if (typeof member === "string") continue;
    if (typeof member === "function") {
      // To ask every object for what it hardly ever has would cost more than all the rest.
      const lost = name === "then" || name === "pipe" ? lostByCalls(value) : undefined;
      if (lost !== undefined) return lost;
      continue;
    }
    const lost = lostIn(member);
    // What is inherited is no part of the JSON; that is seldom, and so looked at last.
    if (lost !== undefined && Object.hasOwn(value, name)) return within(memberPath("", name), lost);
  }
  return undefined;
}

interface OwnJson {
  toJSON(name: string): unknown;
}

/**
 * What has a `toJSON` says itself what it is, but for what the language gives one that keeps too little. What it says may be
 * lost in turn; a `toJSON` of that JSON does not call.
 */
function lostInOwnJson(value: OwnJson): Lost | undefined {
  if (Buffer.isBuffer(value)) return bytes(value);
  if (value instanceof Date || types.isDate(value)) {
    if (!Number.isNaN(value.getTime()) || JSON.stringify(value) !== "null") return undefined;
    return { path: "", what: "an invalid Date", instead: ["a valid one or null", "a valid one or null"] };
  }
  if (value instanceof JsonText) return undefined;
  const said = value.toJSON("");
  return typeof said === "object" && said !== null && !Array.isArray(said) ? lostInMembers(said) : lostIn(said);
}

/** A promise and a stream are known by what can be called of them. */
function lostByCalls(value: object): Lost | undefined {
  const { then, pipe, on } = value as { then?: unknown; pipe?: unknown; on?: unknown };
  if (typeof then === "function") return { path: "", what: "a promise; await it" };
  if (typeof pipe !== "function" || typeof on !== "function") return undefined;
  return { path: "", what: "a stream of Node; read it first" };
}

/** What is lost of an object that the language has a kind of its own for, or that has a tag. */
function lostByTag(value: object): Lost | undefined {
  if (value instanceof Error || types.isNativeError(value)) {
    return { path: "", what: "an Error; throw it, or give what it says" };
  }
  if (types.isRegExp(value)) return { path: "", what: "a RegExp; give its text" };
  if (types.isBoxedPrimitive(value)) return lostIn(value.valueOf());
  const called = lostByCalls(value);
  if (called !== undefined) return called;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return bytes(value);
  // A class may have a tag of its own beside its members.
  const isKnown = types.isMap(value) || types.isSet(value);
  if (!isKnown && (Object.keys(value).length > 0 || tag === "Arguments")) return undefined;
  return {
    path: "",
    what: `${/^[AEIO]/.test(tag) ? "an" : "a"} ${tag}`,
    instead: ["an object, a list, text or a Uint8Array", "an object, a list or text"],
  };
}

function bytes(value: ArrayBufferLike | ArrayBufferView): Lost {
  if (isGone(value))
    return { path: "", what: "bytes that are gone, as their buffer was transferred or shrunk; copy them" };
  const name = Buffer.isBuffer(value) ? "Buffer" : Object.prototype.toString.call(value).slice("[object ".length, -1);
  const instead = ["a Uint8Array or an ArrayBuffer", "its bytes as base64 text"] as const;
  return { path: "", what: `${/^[AI]/.test(name) ? "an" : "a"} ${name}`, instead };
}

function within(part: string, lost: Lost): Lost {
  return { ...lost, path: joinedPath(part, lost.path) };
}
