/** Origin and path of a URL, the path as it is written: `URL` would fold `..` and change escapes. */
export function splitUrl(url: string): { readonly origin: string; readonly path: string } {
  const [, origin, path = ""] = /^(https?:\/\/[^/?#]+)([^#]*)/i.exec(url) ?? [];
  if (origin === undefined) throw new Error(`"${url}" is not an http(s) URL`);
  return { origin, path: toRequestPath(path) };
}

/** A path that may be sent: what no URL can hold is escaped, escapes stay. */
export function toRequestPath(path: string): string {
  const escaped = path.replaceAll(/[^\x21-\x7e]+|["<>\\^`{|}#]/g, (text) => encodeURIComponent(text));
  return escaped.startsWith("/") ? escaped : `/${escaped}`;
}
