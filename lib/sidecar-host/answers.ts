import { isJsonType, readContentType, toText, undecodableAs } from "../invocation/read-payload.js";
import { SidecarError } from "../model/errors.js";

/** What came back of a request, and what was asked. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * The value of an application's answer: JSON where its content type says so, text of `text/…`, each in the charset that
 * it names, bytes of any other type and of what is not text. Where it has no type, JSON if it is that, else text, else bytes.
 * `undefined` of an empty body, unless it is said to be bytes, which there may be none of.
 *
 * @throws SidecarError `ERR_UNKNOWN` for a body that is not the JSON it says it is
 */
export function answerValue(answer: Answer, operation: string, target: string): unknown {
  const { headers, body, status } = answer;
  const contentType = headers["content-type"];
  const { type, charset } = readContentType(contentType);
  if (body.length === 0) {
    // An answer to HEAD has the type of another's body.
    const isBytes = type === "application/octet-stream" && status !== 204 && !operation.startsWith("HEAD ");
    return isBytes ? new Uint8Array() : undefined;
  }
  if (type === undefined) return guessedValue(body);
  // What is stored of an answer with U+FFFD in it would be lost.
  const isDecodable = undecodableAs(body, charset) === undefined;
  if (!isJsonType(type)) return type.startsWith("text/") && isDecodable ? toText(body, charset) : new Uint8Array(body);
  try {
    if (isDecodable) return JSON.parse(toText(body, charset));
  } catch {
    // Told below.
  }
  const message = `${operation} answered ${status} with ${contentType} that is not JSON`;
  throw new SidecarError({ status, errorCode: "ERR_UNKNOWN", message, operation, target, headers, body });
}

/** JSON, else text, else bytes: a component does not say what its data is. */
export function guessedValue(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return new Uint8Array(body);
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Nothing was answered where `required: true` asks for something. */
export function nothingAnswered(what: string, operation: string, target: string): SidecarError {
  return new SidecarError({ status: 404, errorCode: "ERR_NO_CONTENT", message: what, operation, target });
}
