import {
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  DaprBindingTrigger,
  HttpTrigger,
  Trigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprPublish,
  DaprInvoke,
  DaprInvokeInput,
  DaprBindingInput,
  DaprBindingOutput,
  DaprSecret,
  DaprApp,
  DaprSidecar,
  Input,
  Output,
  FunctionName,
  Flush,
  Retry,
} from "../../lib/index.js";

const decorators = {
  DaprServiceInvocationTrigger,
  DaprTopicTrigger,
  DaprBindingTrigger,
  HttpTrigger,
  Trigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  DaprPublish,
  DaprInvoke,
  DaprInvokeInput,
  DaprBindingInput,
  DaprBindingOutput,
  DaprSecret,
  DaprApp,
  DaprSidecar,
  Input,
  Output,
  FunctionName,
  Flush,
  Retry,
};

type Bare = (...args: readonly unknown[]) => unknown;

describe("a decorator without parentheses", () => {
  it.each(Object.entries(decorators))(
    "is refused in either dialect, where it would do nothing: %s",
    (name, decorator) => {
      class Orders {
        create(): void {}
      }
      const bare = decorator as unknown as Bare;
      const text = `@${name} stands without parentheses; write @${name}(…)`;
      const method = Object.getOwnPropertyDescriptor(Orders.prototype, "create")!;
      expect(() => bare(Orders.prototype, "create", method)).toThrow(`Orders: ${text}`);
      expect(() => bare(method.value, { kind: "method", name: "create" })).toThrow(`create: ${text}`);
      const given = "is given a class in place of options, or stands without parentheses";
      expect(() => bare(Orders)).toThrow(`Orders: @${name} ${given}; write @${name}(…)`);
    },
  );
});
