/** Where a sidecar is, as requests need it. */
export interface SidecarAddress {
  /** `http://127.0.0.1:3500` */
  readonly origin: string;
  /** What stands before `/v1.0`; empty or `/base`. */
  readonly prefix: string;
}

/**
 * Takes an absolute http(s) URL apart; trailing slashes are dropped.
 *
 * @returns what is wrong with the text when it is not such a URL, to be put after its name, and never the text itself: it
 *   may hold a password
 */
export function parseAddress(text: string): SidecarAddress | string {
  const fault = faultOf(text);
  if (fault !== undefined) return `${fault}; give an absolute URL, e.g. "http://localhost:3500"`;
  const { origin, pathname } = new URL(text);
  return { origin, prefix: pathname.replace(/(?<!\/)\/+$/, "") };
}

function faultOf(text: string): string | undefined {
  if (!URL.canParse(text)) return "is not a URL";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "does not begin with http:// or https://";
  if (username !== "" || password !== "") return "has a user or a password";
  return search !== "" || hash !== "" ? "has a query or a fragment" : undefined;
}
