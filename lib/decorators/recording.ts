import { recordOnMethod, type DecoratorName } from "../metadata/store.js";

/** The function that a decorator returns, for both dialects: it records what the decorator was given, nothing more. */
export function recording(
  decorator: DecoratorName,
  argument: unknown,
): (target: unknown, keyOrContext: unknown, descriptor?: unknown) => void {
  return (target, keyOrContext, descriptor) => {
    recordOnMethod(target, keyOrContext, descriptor, { decorator, argument });
  };
}

/** The options of a binding's decorator: the members of the binding, less what the decorator itself says. */
export type OptionsOf<B, Own extends PropertyKey = never> = Omit<B, "type" | "direction" | "generic" | Own>;

/** The options of a trigger, which need not be named. */
export type TriggerOptionsOf<B, Own extends PropertyKey = never> = OptionsOf<B, "name" | "dataType" | Own> & {
  /** What `{name}` expressions call the payload: a letter, then letters and digits. The method does not see it. */
  readonly name?: string | undefined;
};
