import type { IncomingMessage } from "node:http";

/**
 * One header of a request, the first of that name. Without `request.headers`, for which Node makes an object of all of
 * them: many invocations need two or three and no object (2 to 3 % of a small one, measured).
 *
 * @param name in lower case
 */
export function headerOf({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">, name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index]!;
    if (given.length === name.length && given.toLowerCase() === name) return rawHeaders[index + 1];
  }
  return undefined;
}
