/** A getter, or a function, that throws what says nothing. */
export function fail(): never {
  throw null; // oxlint-disable-line only-throw-error -- user code may
}

/** A proxy of which nothing can be asked. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
