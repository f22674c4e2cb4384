/** What `{name}` expressions of one invocation find, by the name as it was given; look-ups ignore case, exact first. */
export type BindingData = Readonly<Record<string, unknown>>;
