/** Aborted when nobody waits for an invocation's answer any more, or, where a host cannot tell, when it is to end. */
export function unwantedSignal(invocation: {
  readonly whenUnwanted?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly context: { readonly signal?: AbortSignal | undefined };
}): AbortSignal | undefined {
  return invocation.whenUnwanted === undefined ? invocation.signal : invocation.context.signal;
}
