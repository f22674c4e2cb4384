/** As accepted.ts, with schemas, whose own types want `strict`. */
import { type } from "arktype";
import {
  DaprPublish,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
  topic,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type PublishCollector,
} from "dapr-functions";
import * as v from "valibot";
import { z } from "zod";

const zodOrder = z.object({ id: z.string(), at: z.string().transform((text) => new Date(text)) });
const valibotOrder = v.object({ id: v.string() });
const arkOrder = type({ id: "string" });

const Ordered = topic({ pubSubName: "bus", topic: "ordered", payload: zodOrder });
const Copied = topic({ pubSubName: "bus", topic: "copied", payload: arkOrder });

export class Schemas {
  @DaprTopicTrigger(Ordered)
  @DaprPublish({ name: "ordered", topic: Ordered })
  @DaprPublish({ name: "copied", topic: Copied })
  takesItFromATopic(
    _event: CloudEvent<{ at: Date }>,
    _b: { ordered: Collector<{ id: string; at: string }>; copied: PublishCollector<{ id: string }> },
  ): void {}

  @DaprServiceInvocationTrigger({ payload: zodOrder })
  takesZodsOutput(_order: { id: string; at: Date }): void {}

  @DaprServiceInvocationTrigger({ payload: z.array(zodOrder) })
  takesAList(_orders: z.output<typeof zodOrder>[]): void {}

  @DaprServiceInvocationTrigger({ payload: valibotOrder })
  takesValibots(_order: { id: string }): void {}

  @DaprServiceInvocationTrigger({ payload: arkOrder })
  takesArktypes(_order: { id: string }): void {}

  @DaprServiceInvocationTrigger({ payload: z.string() })
  takesText(_text: string): void {}

  @DaprTopicTrigger({ pubSubName: "bus", payload: zodOrder })
  takesItInAnEvent(_event: CloudEvent<{ at: Date }>): void {}

  @HttpTrigger({ payload: zodOrder })
  takesItInARequest(_request: HttpRequest<{ at: Date }>): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "order", stateStore: "store", key: "k", valueType: zodOrder })
  readsTheOutput(_p: unknown, _b: { order: { id: string; at: Date } | undefined }): void {}

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", valueType: zodOrder })
  @DaprPublish({ name: "copy", valueType: arkOrder })
  addsTheInput(
    _p: unknown,
    _b: { order: Collector<{ id: string; at: string }>; copy: PublishCollector<{ id: string }> },
  ): void {}
}
