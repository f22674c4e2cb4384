import "reflect-metadata";
import { Type } from "class-transformer";
import { IsDate, IsString } from "class-validator";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  topic,
  type CloudEvent,
  type PublishCollector,
} from "dapr-functions";
import { cloudEvent, invoke } from "dapr-functions/testing";
import * as v from "valibot";
import { z } from "zod";

class Dated {
  @IsString() id!: string;
  @Type(() => Date) @IsDate() at!: Date;
}

const noon = new Date("2026-11-27T12:00:00Z");

/** Publishes an item and hands what would be sent to a subscriber: what is on the way, and what arrives. */
async function sentAndReceived(payload: never, item: unknown): Promise<{ sent: unknown; received: unknown }> {
  const shared = topic({ pubSubName: "bus", topic: "shared", payload });
  let received: unknown;
  class Both {
    @DaprServiceInvocationTrigger()
    @DaprPublish({ name: "events", topic: shared })
    publish(_: unknown, { events }: { events: PublishCollector<unknown> }): void {
      events.add(item);
    }

    @DaprTopicTrigger(shared)
    read({ data }: CloudEvent<unknown>): void {
      received = data;
    }
  }
  const { outputs } = await invoke(new Both(), "publish", undefined as never);
  const [sent] = (outputs as { events: { values: readonly unknown[] } }).events.values;
  await invoke(new Both(), "read", cloudEvent(sent) as never);
  return { sent, received };
}

describe("what a topic's payload type makes of an item arrives", () => {
  it.each<[what: string, payload: unknown, item: unknown, sent: unknown, received: unknown]>([
    ["as it is", z.object({ id: z.string() }), { id: "a" }, { id: "a" }, { id: "a" }],
    ["less what it does not know", z.object({ id: z.string() }), { id: "a", secret: "s" }, { id: "a" }, { id: "a" }],
    ["with its defaults", z.object({ n: z.number().default(3) }), {}, { n: 3 }, { n: 3 }],
    ["in lower case", z.string().toLowerCase(), "ABC", "abc", "abc"],
    ["as a number, of the text that is sent", z.string().transform(Number), "5", "5", 5],
    ["converted once", z.number().transform((cents) => cents / 100), 500, 500, 5],
    [
      "converted once, deep in a list",
      z.array(z.object({ price: z.number().transform((cents) => cents / 100) })),
      [{ price: 250 }],
      [{ price: 250 }],
      [{ price: 2.5 }],
    ],
    [
      "as a date that it reads of text",
      z.object({ at: z.coerce.date() }),
      { at: noon },
      { at: noon.toJSON() },
      { at: noon },
    ],
    ["by a schema of valibot", v.pipe(v.string(), v.transform(Number)), "7", "7", 7],
    ["as an instance", Dated, { id: "a", at: noon }, { id: "a", at: noon.toJSON() }, { id: "a", at: noon }],
    ["as bytes", z.instanceof(Uint8Array), new Uint8Array([1, 255]), Buffer.from([1, 255]), Buffer.from([1, 255])],
  ])("%s", async (_, payload, item, sent, received) => {
    const seen = await sentAndReceived(payload as never, item);
    expect(seen.sent).toEqual(sent);
    expect(seen.received).toEqual(received);
  });

  it.each<[what: string, payload: unknown, item: unknown, words: string]>([
    [
      "is one that subscribers would refuse",
      z.date(),
      noon,
      "item 0 is not valid: subscribers would refuse it: invalid_type",
    ],
    [
      "is one that subscribers would read as something else",
      z.union([
        z.date().transform((at) => [at.getTime()]),
        z.string(),
        z.array(z.number()).transform((times) => [...times, 0]),
      ]),
      noon,
      "subscribers would read something else, since its topic's payload type converts it each time",
    ],
    [
      "checks its JSON later, though not the item",
      {
        "~standard": {
          version: 1,
          vendor: "own",
          validate: (value: unknown) =>
            value instanceof Date ? { value: value.toJSON() } : Promise.reject(new Error("not now")),
        },
      },
      noon,
      "its valueType answers with a promise; give one that checks synchronously",
    ],
  ])("unless it %s, which add refuses", async (_, payload, item, words) => {
    await expect(sentAndReceived(payload as never, item)).rejects.toMatchObject({
      code: "ERR_DAPR_BAD_REQUEST",
      message: expect.stringContaining(words),
    });
  });
});
