import type { FunctionDefinition } from "../model/function-definition.js";
import type { Class } from "../model/payload-type.js";
import { listed } from "../model/values.js";
import { recordingOf } from "../payload/recording.js";

/**
 * What to say where payloads could have been checked by their declared types, and no types were recorded at all: tools
 * such as esbuild drop them silently. With the decorators of the language there are none to drop.
 */
export function lostTypesOf(definitions: readonly FunctionDefinition[]): string | undefined {
  const legacy = definitions.filter(({ target }) => recordingOf(target)?.isLegacy === true);
  if (legacy.some(hasDesignTypes)) return undefined;
  const untyped = legacy.filter(wantsType);
  if (untyped.length === 0) return undefined;
  return (
    `${listed(untyped, ({ name }) => name)}: compiled without decorator metadata (by esbuild, tsx or vitest 3?), ` +
    "so no payload is checked by its declared type; give the trigger `payload`, or compile with tsc or swc and " +
    "emitDecoratorMetadata"
  );
}

function wantsType({ trigger, payloadType, target, methodName }: FunctionDefinition): boolean {
  const isInferred = trigger.type === "daprServiceInvocationTrigger" || trigger.type === "daprBindingTrigger";
  if (!isInferred || payloadType !== undefined) return false;
  const method = (target.prototype as Record<string, unknown>)[methodName];
  return typeof method === "function" && method.length > 0;
}

function hasDesignTypes({ target, methodName }: FunctionDefinition): boolean {
  const { getMetadata } = Reflect as unknown as {
    getMetadata?: (key: string, target: object, member: string) => unknown;
  };
  return getMetadata?.("design:paramtypes", (target as Class).prototype as object, methodName) !== undefined;
}
