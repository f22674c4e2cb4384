import { DaprServiceInvocationTrigger, DaprStateOutput, type Collector } from "dapr-functions";

type Method = (payload: unknown, outputs: { order: Collector<unknown> }) => unknown;

/**
 * Classes of a hundred functions each; all of them are called `f0`, `f1`, … and save what they are given.
 *
 * @param payload what their payloads are checked against, if anything
 */
export function classesOf(functions: number, payload?: new () => object): (new () => object)[] {
  const classes: (new () => object)[] = [];
  for (let first = 0; first < functions; first += 100) {
    const type = class {};
    const prototype = type.prototype as Record<string, Method>;
    for (let index = first; index < Math.min(first + 100, functions); index++) {
      const name = `f${index}`;
      Object.defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value(this: void, payload: unknown, { order }: { order: Collector<unknown> }) {
          order.add(payload);
        },
      });
      // What the compiler makes of decorators.
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<Method>;
      DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })(prototype, name, descriptor);
      DaprServiceInvocationTrigger({ payload })(prototype, name, descriptor);
    }
    Object.defineProperty(type, "name", { value: `Functions${first / 100}` });
    classes.push(type);
  }
  return classes;
}
