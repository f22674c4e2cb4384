import { isClass } from "../metadata/members.js";
import { recordOnMethod, type DecoratorName } from "../metadata/store.js";
import { DefinitionError } from "../model/errors.js";

/**
 * The function that a decorator returns, for both dialects: it records what the decorator was given, nothing more.
 *
 * @throws DefinitionError `option-invalid` for a decorator without parentheses, which compilers that check no types take:
 *   it would record nothing
 */
export function recording(
  decorator: DecoratorName,
  argument: unknown,
  ofTopic = false,
): (target: unknown, keyOrContext: unknown, descriptor?: unknown) => void {
  const target = decorated(argument);
  if (target !== undefined) {
    const fault = isClass(argument)
      ? "is given a class in place of options, or stands without parentheses"
      : "stands without parentheses";
    const message = `${target}: @${decorator} ${fault}; write @${decorator}(…)`;
    throw new DefinitionError([
      { code: "option-invalid", level: "error", class: undefined, method: undefined, message },
    ]);
  }
  return (target, keyOrContext, descriptor) => {
    recordOnMethod(target, keyOrContext, descriptor, { decorator, argument, ...(ofTopic && { ofTopic }) });
  };
}

/** What a decorator stands on that was not called: a method is given to it, or the prototype of a class, not options. */
function decorated(argument: unknown): string | undefined {
  if (typeof argument === "function") return argument.name || "a method";
  if (typeof argument !== "object" || argument === null || !Object.hasOwn(argument, "constructor")) return undefined;
  const { constructor } = argument as { readonly constructor: unknown };
  return typeof constructor === "function" ? constructor.name || "a class" : undefined;
}

/** The options of a binding's decorator: the members of the binding, less what the decorator itself says. */
export type OptionsOf<B, Own extends PropertyKey = never> = Omit<B, "type" | "direction" | "generic" | Own>;

/** The options of a trigger, which need not be named. */
export type TriggerOptionsOf<B, Own extends PropertyKey = never> = OptionsOf<B, "name" | "dataType" | Own> & {
  /** What `{name}` expressions call the payload: a letter, then letters and digits. The method does not see it. */
  readonly name?: string | undefined;
};
