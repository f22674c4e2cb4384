import { ApiError, type ApiRequest } from "./api.js";

/** The parts of Dapr's API that the embedded sidecar does not have, by the first part of their paths. */
const missing: Readonly<Record<string, string>> = {
  actors: "actors",
  configuration: "configuration",
  conversation: "conversation",
  crypto: "cryptography",
  subtlecrypto: "cryptography",
  jobs: "jobs",
  lock: "distributed lock",
  unlock: "distributed lock",
  workflows: "workflow",
};

/**
 * The answer to a request for an API that daprd has and the embedded sidecar has not; undefined for any other.
 *
 * @see https://docs.dapr.io/reference/api/
 */
export function missingApi({ rawPath }: ApiRequest): ApiError | undefined {
  const [, part = "", rest = ""] = /^\/*v1\.0(?:-(?:alpha|beta)\d)?\/+([a-z]+)(\/.*)?$/.exec(rawPath) ?? [];
  const name = Object.hasOwn(missing, part) ? missing[part] : isQuery(part, rest) ? "state query" : undefined;
  if (name === undefined) return undefined;
  const message = `the embedded sidecar does not have Dapr's ${name} API; run the app beside daprd, which has it`;
  return new ApiError(501, "ERR_API_NOT_EMBEDDED", message);
}

function isQuery(part: string, rest: string): boolean {
  return part === "state" && /^\/+[^/]+\/+query\/*$/.test(rest);
}
