import type { CallOptions } from "../client/dapr-client.js";
import { enc } from "../client/paths.js";
import { outputTypes } from "../model/binding-table.js";
import { SidecarError } from "../model/errors.js";
import type { Invocation } from "../invocation/binding-host.js";
import { badOption, compileInputOption } from "./options.js";

/* What inputs, entries and outputs of state have in common. */

export const { stateStore: storeRule, key: keyRule } = outputTypes.daprState.overrides;

/** Dapr divides its own prefix from the key with it and answers 400 to a key that holds it. */
const divider = "||";

export const dividerProblem = `must not hold "${divider}", which Dapr refuses in keys`;

export function holdsDivider(key: string): boolean {
  return key.includes(divider);
}

/** The key of an input or entry. @throws as {@link compileInputOption}, also for a key that no store of Dapr takes */
export function compileKey(place: { readonly where: string }, text: string): (invocation: Invocation) => string {
  const keyOf = compileInputOption(place, "key", text, keyRule.missing);
  return (invocation) => {
    const key = keyOf(invocation);
    if (holdsDivider(key)) throw badOption(place, "key", text, dividerProblem);
    return key;
  };
}

/** What a read fails with whose key is required and does not exist. */
export function missingKey(
  call: Pick<CallOptions, "binding" | "daprAddress">,
  stateStore: string,
  key: string,
): SidecarError {
  const operation = `GET /v1.0/state/${enc(stateStore)}/${enc(key)}`;
  return new SidecarError({
    status: 404,
    errorCode: "ERR_NO_CONTENT",
    message: `${call.binding}, ${operation}: no key "${key}" in the state store "${stateStore}"`,
    operation,
    target: call.daprAddress ?? "the sidecar",
  });
}
