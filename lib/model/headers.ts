import { kindOf } from "./values.js";

/** Headers that the connection, the sidecar's token or other overrides decide. */
const refused: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const httpToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** True for what HTTP calls a token: a header's name, a verb. */
export function isToken(text: string): boolean {
  return httpToken.test(text);
}

/** True for text that a header can carry. */
export function isHeaderValue(value: string): boolean {
  return headerValue.test(value);
}

/** True for a name and text that make a header. */
export function isHeader(name: string, value: string): boolean {
  return isToken(name) && headerValue.test(value);
}

/**
 * What keeps a header from being sent with an invocation. daprd takes the callee from `dapr-app-id` and from the user of
 * a Basic authorization before it looks at the path, and trusts what other `dapr-` headers say of the caller.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 */
export function headerProblem(name: string, value: unknown): string | undefined {
  if (!isToken(name)) return `"${name}" is not a header name`;
  const lower = name.toLowerCase();
  if (lower.startsWith("dapr-")) return `"${name}" cannot be set here: Dapr itself obeys it`;
  if (refused.has(lower)) return `"${name}" cannot be set here${lower === "content-type" ? "; use contentType" : ""}`;
  if (typeof value !== "string") return `"${name}" must be text, not ${kindOf(value)}`;
  if (!headerValue.test(value)) return `"${name}" holds a character that no header can carry`;
  if (lower === "authorization" && namesAnApp(value)) {
    return `"${name}" cannot name the user dapr-app-id: Dapr would take its password for the app to call`;
  }
  return undefined;
}

function namesAnApp(authorization: string): boolean {
  const [, credentials] = /^\s*basic\s+(.*)$/is.exec(authorization) ?? [];
  if (credentials === undefined) return false;
  return /^\s*dapr-app-id\s*(?::|$)/i.test(Buffer.from(credentials, "base64").toString("latin1"));
}
