import { v3Handler } from "../../../lib/azure/index.js";
import { httpRequest, invocationContext } from "../../../lib/testing/fixtures.js";

/** What a handler of the v3 model gets for a body. */
async function bodyOf(type: string, body: Uint8Array): Promise<unknown> {
  let seen: unknown;
  const handler = (_context: unknown, req: { body: unknown }): Promise<void> => {
    seen = req.body;
    return Promise.resolve();
  };
  const run = v3Handler(() => Promise.resolve({ default: handler }), { trigger: "req", reply: "res" });
  await run(httpRequest({ headers: { "content-type": type }, body }), {}, invocationContext());
  return seen;
}

const eAcute = Uint8Array.of(0x22, 0xe9, 0x22);

it.each([
  ["application/octet-stream", Buffer.from(eAcute)],
  ["image/png", Buffer.from(eAcute)],
  ["text/plain; charset=iso-8859-1", '"é"'],
  ["application/json; charset=iso-8859-1", "é"],
  ["application/xml; charset=iso-8859-1", '"é"'],
])("a body of %s is bytes, or text in its charset", async (type, expected) => {
  expect(await bodyOf(type, eAcute)).toEqual(expected);
});

it.each(["text/plain", "application/json"])("a body of %s that is not text is the caller's fault", async (type) => {
  await expect(bodyOf(type, eAcute)).rejects.toMatchObject({ code: "ERR_MALFORMED_REQUEST" });
});
