type Suite = (name: string, run: () => void) => void;
type Test = (name: string, run: () => void | Promise<void>) => void;

/**
 * `describe` and `it` of whichever test runner runs the file: jest and vitest (with `globals: true`) have them as
 * globals, node:test is a module. In a project of your own, with one runner, there is no need of this file.
 */
export const { describe, it } = ("it" in globalThis ? globalThis : process.getBuiltinModule("node:test")) as {
  describe: Suite;
  it: Test;
};
