import type { IncomingHttpHeaders } from "node:http";

/**
 * Why a request is refused before it is read, or undefined. The API listens on the loopback interface, where every web
 * page that a developer opens reaches it too: it could write state, publish, read secrets and end the sidecar. A browser
 * says where a request comes from, in `Origin` and `Sec-Fetch-Site`; a page whose own name resolves to this machine (DNS
 * rebinding) shows in `Host`. Programs send neither, and name this machine.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function refusalOf(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(host)) {
    return `the host "${host}" is not this machine; call the sidecar at 127.0.0.1 or localhost`;
  }
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    return `web pages of other origins ("${origin}") may not call the sidecar; call it from a program`;
  }
  const site = headers["sec-fetch-site"];
  if (typeof site === "string" && site !== "same-origin" && site !== "none") {
    return `web pages of other origins ("${site}") may not call the sidecar; call it from a program`;
  }
  return undefined;
}

/** `127.0.0.1:3500`, `localhost`, `[::1]:80`; all of 127.0.0.0/8, and all names below `localhost`. */
function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase().replace(/\.$/, "");
  return /^(?:[^.]+\.)*localhost$|^127(?:\.\d{1,3}){3}$|^\[::1\]$/.test(name);
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
