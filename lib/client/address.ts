import { DefinitionError } from "../model/errors.js";
import { settingProblem } from "../model/problem.js";
import { parseAddress } from "../model/sidecar-address.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The URL of the sidecar: `DAPR_HTTP_ENDPOINT`, else `http://127.0.0.1:<DAPR_HTTP_PORT>`, else port 3500.
 *
 * @throws DefinitionError `setting-invalid`
 * @see https://docs.dapr.io/reference/environment/
 */
export function sidecarUrl(environment: Environment = process.env): string {
  const endpoint = environment["DAPR_HTTP_ENDPOINT"];
  if (endpoint !== undefined && endpoint !== "") {
    const address = parseAddress(endpoint);
    if (typeof address === "string") throw invalid("DAPR_HTTP_ENDPOINT", `it ${address}`);
    return address.origin + address.prefix;
  }
  const port = environment["DAPR_HTTP_PORT"];
  if (port === undefined || port === "") return "http://127.0.0.1:3500";
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw invalid("DAPR_HTTP_PORT", `"${port}" is not a port; give a number from 1 to 65535`);
  }
  return `http://127.0.0.1:${Number(port)}`;
}

/**
 * Milliseconds that a request to the sidecar may take: `DAPR_API_TIMEOUT_SECONDS`, else 100 s.
 *
 * @throws DefinitionError `setting-invalid`
 */
export function sidecarTimeout(environment: Environment = process.env): number {
  const seconds = environment["DAPR_API_TIMEOUT_SECONDS"];
  if (seconds === undefined || seconds === "") return 100_000;
  const milliseconds = Number(seconds) * 1000;
  // Timers take 31 bits.
  if (!(milliseconds > 0 && milliseconds < 2 ** 31)) {
    throw invalid("DAPR_API_TIMEOUT_SECONDS", `"${seconds}" is not a number of seconds above 0`);
  }
  return milliseconds;
}

/**
 * What every request to the sidecar proves itself with: `DAPR_API_TOKEN`; empty for none.
 *
 * @throws DefinitionError `setting-invalid` for what no header can carry: every request would fail
 */
export function sidecarToken(environment: Environment = process.env): string {
  const token = environment["DAPR_API_TOKEN"] ?? "";
  const problem = tokenProblem(token);
  if (problem !== undefined) throw invalid("DAPR_API_TOKEN", problem);
  return token;
}

/** What keeps a token from being sent. */
export function tokenProblem(token: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(token)) return undefined;
  const what = /[\r\n]/.test(token) ? "a line break" : "a character that is not printable ASCII";
  return `it holds ${what}, which no header can carry; give the token alone`;
}

/** What daprd takes unless it is told otherwise. */
const defaultMaxRequestSize = 4 * 1024 * 1024;

const factors: Readonly<Record<string, number>> = {
  ...Object.fromEntries(["", "k", "M", "G", "T", "P", "E"].map((suffix, power) => [suffix, 1000 ** power])),
  ...Object.fromEntries(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, power) => [suffix, 1024 ** (power + 1)])),
};

/**
 * Bytes that a text says as daprd's `--max-body-size` takes it, a quantity of Kubernetes: `4194304`, `16Mi`, `1.5G`,
 * `2e6`. Undefined for text that is not a quantity; a negative one means no limit.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function bytesOfQuantity(text: string): number | undefined {
  const [, sign, digits, exponent, suffix] =
    /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([KMGTPE]i|[kMGTPE]))?$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.ceil(Number(digits + (exponent ?? "")) * factors[suffix ?? ""]!);
  return sign === "-" && bytes > 0 ? Infinity : bytes;
}

/**
 * Bytes of a request that the sidecar takes: `DAPR_MAX_BODY_SIZE`, as daprd's `--max-body-size` is written, else 4 MiB.
 *
 * @throws DefinitionError `setting-invalid`
 */
export function sidecarMaxRequestSize(environment: Environment = process.env): number {
  const text = environment["DAPR_MAX_BODY_SIZE"];
  if (text === undefined || text === "") return defaultMaxRequestSize;
  const bytes = bytesOfQuantity(text);
  if (bytes === undefined) {
    throw invalid("DAPR_MAX_BODY_SIZE", `"${text}" is not a size; write it as daprd's --max-body-size: 16Mi`);
  }
  // daprd takes zero for its default.
  return bytes === 0 ? defaultMaxRequestSize : bytes;
}

function invalid(member: string, what: string): DefinitionError {
  return new DefinitionError([settingProblem(member, what)]);
}
