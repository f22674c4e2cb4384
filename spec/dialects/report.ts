/*
 * Prints, as JSON, what the library reads of classes: dialects.spec.ts compiles this file with several compilers in both
 * dialects and compares.
 */
import {
  DaprBindingTrigger,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  FunctionName,
  readFunctions,
  type DefinitionError,
} from "dapr-functions";
import { Parcels } from "../support/parcels.js";

class Order {
  id!: string;
}

class Base {
  @FunctionName("Kept")
  @DaprServiceInvocationTrigger()
  kept(order: Order): string {
    return `base ${order.id}`;
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "stored", stateStore: "store", key: "k" })
  again(_p: unknown, { stored }: { stored: unknown }): unknown {
    return stored;
  }
}

class Derived extends Base {
  override kept(order: Order): string {
    return `derived ${order.id}`;
  }

  @DaprBindingTrigger({ bindingName: "tick" })
  override again(): unknown {
    return "again";
  }

  @DaprServiceInvocationTrigger()
  own(): void {}
}

function describe(type: new () => object): unknown {
  return readFunctions([type]).map(({ target, payloadType, ...definition }) => ({
    ...definition,
    target: target.name,
    payloadType: (payloadType as { readonly name?: string } | undefined)?.name,
  }));
}

// oxlint-disable-next-line typescript/no-explicit-any -- the compiler refuses it on most of these, which is not asked here
const decorate: any = DaprServiceInvocationTrigger();

function codeOf(define: () => void): string {
  try {
    define();
    return "accepted";
  } catch (error) {
    const { name, code, message } = error as DefinitionError;
    return `${name} ${code}: ${message}`;
  }
}

const symbol = Symbol("method");

const refused = {
  static: codeOf(() => {
    class Statics {
      @decorate static method(): void {}
    }
    void Statics;
  }),
  symbol: codeOf(() => {
    class Symbols {
      @decorate [symbol](): void {}
    }
    void Symbols;
  }),
  getter: codeOf(() => {
    class Getters {
      @decorate get value(): number {
        return 1;
      }
    }
    void Getters;
  }),
  field: codeOf(() => {
    class Fields {
      @decorate value = 1;
    }
    void Fields;
  }),
};

console.log(
  JSON.stringify({
    parcels: describe(Parcels),
    base: describe(Base),
    derived: describe(Derived),
    calls: [new Base().kept({ id: "7" }), new Derived().kept({ id: "7" })],
    refused,
  }),
);
