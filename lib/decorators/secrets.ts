import type { DaprSecret as SecretInput } from "../model/bindings.js";
import { recording, type OptionsOf } from "./recording.js";
import type { InputDecorator } from "./signatures.js";

export type DaprSecret = SecretInput;

/** What `@DaprSecret` takes. Texts may hold `%setting%` and `{data}`. */
export type DaprSecretOptions<N extends string = string> = OptionsOf<SecretInput, "name" | "dataType"> & {
  /** The property of the method's second parameter: a letter, then letters and digits. */
  readonly name: N;
  readonly dataType?: "string" | undefined;
};

/**
 * The method gets a secret, as a record: usually one entry named as the key, several from stores whose secrets have
 * parts. It is read at each invocation and never logged.
 *
 * @see https://docs.dapr.io/reference/api/secrets_api/#get-secret
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-dapr-input-secret
 * @example
 * class Keys {
 *   // `@DaprServiceInvocationTrigger()`
 *   // `@DaprSecret({ name: "secret", secretStoreName: "localsecretstore", key: "api-key" })`
 *   keyNames(_: unknown, { secret }: { secret: Record<string, string> }): string[] {
 *     return Object.keys(secret);
 *   }
 * }
 */
export function DaprSecret<N extends string>(
  options: DaprSecretOptions<N>,
): InputDecorator<N, Readonly<Record<string, string>>> {
  return recording("DaprSecret", options);
}
