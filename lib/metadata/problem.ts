import type { Problem, ProblemCode } from "../model/errors.js";

/** Where a problem is: a function, one of its bindings, or an option of that. */
export interface ProblemPlace {
  readonly className: string;
  readonly methodName: string;
  /** `output "order"` */
  readonly binding?: string | undefined;
  readonly member?: string | undefined;
}

/** @param text `<what>; <what to do>` */
export function problemAt(
  place: ProblemPlace,
  code: ProblemCode,
  text: string,
  level: Problem["level"] = "error",
): Problem {
  const { className, methodName, binding, member } = place;
  const where = [`${className}.${methodName}`, binding, member].filter((part) => part !== undefined).join(", ");
  return {
    code,
    level,
    class: className,
    method: methodName,
    ...(binding !== undefined && { binding }),
    ...(member !== undefined && { member }),
    message: `${where}: ${text}`,
  };
}
