import * as v from "valibot";
import {
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  type Collector,
} from "../../lib/index.js";
import { deliver, post, serving } from "../serve/support.js";

const Card = v.object({ pin: v.pipe(v.string(), v.digits()) });
const secret = "no digits, yet secret";

class Cards {
  @DaprServiceInvocationTrigger({ payload: Card })
  pay(): void {}

  @DaprTopicTrigger({ pubSubName: "bus", topic: "paid", payload: Card })
  paid(): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "card", stateStore: "cards", key: "k", valueType: Card })
  look(_: unknown, { card }: { card: { pin: string } | undefined }): void {
    void card;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "card", stateStore: "cards", key: "k", valueType: Card })
  keep(_: unknown, { card }: { card: Collector<{ pin: string }> }): void {
    card.add({ pin: secret });
  }
}

it("tells the sender in a schema's words what is wrong, and the log by its rules alone", async () => {
  const { app, log } = await serving([Cards]);
  const { json } = await post(app, "/pay", { pin: secret });
  expect(json).toMatchObject({
    message: 'Cards.pay, trigger "payload": the payload is not valid as a valibot schema: pin (digits)',
    issues: [{ path: "pin", message: expect.stringContaining(secret) as string, rule: "digits" }],
  });
  await deliver(app, "/paid", { data: { pin: secret } });
  expect(log.lines.filter((line) => line.includes("pin (digits)"))).toHaveLength(2);
  expect(log.lines.join("\n")).not.toContain(secret);
});

it("quotes neither what was stored nor what was added", async () => {
  const { app, log, sidecar } = await serving([Cards]);
  sidecar.answer = () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: `{"pin":"${secret}"}`,
  });
  expect((await post(app, "/look", {})).json).toMatchObject({
    errorCode: "ERR_VALUE_INVALID",
    message: 'Cards.look, input "card": the stored value is not valid: pin (digits)',
  });
  expect((await post(app, "/keep", {})).json).toMatchObject({
    errorCode: "ERR_DAPR_BAD_REQUEST",
    message: 'Cards.keep, output "card": item 0 is not valid: pin (digits)',
  });
  expect(log.lines.join("\n")).not.toContain(secret);
});
