import { isOurs, planApp, type AppEntry, type AppState } from "../../../lib/azure/app/app-files.js";

const ours = '{ "generatedBy": "dapr-functions", "bindings": [] }\n';

function folder(content: Record<string, string | undefined>): AppEntry {
  return { kind: "folder", content, irregular: [] };
}

function state(entries: Record<string, AppEntry>, files: Record<string, string> = {}): AppState {
  return { files, entries, mainFiles: [] };
}

function linesOf(plan: ReturnType<typeof planApp>): string[] {
  return plan.actions.map(({ action, path }) => `${action} ${path}`);
}

describe("planApp", () => {
  const files = { "b/function.json": "B", "b/index.cjs": "b", "host.json": "H" };

  it("writes everything into an empty folder, sorted by path", () => {
    expect(linesOf(planApp(files, state({})))).toEqual([
      "write b/function.json",
      "write b/index.cjs",
      "write host.json",
    ]);
  });

  it("leaves alone what is there already, byte for byte", () => {
    const there = state(
      { b: folder({ "function.json": "B", "index.cjs": "b" }), "host.json": { kind: "file" } },
      { "host.json": "H" },
    );
    expect(linesOf(planApp(files, there))).toEqual([
      "unchanged b/function.json",
      "unchanged b/index.cjs",
      "unchanged host.json",
    ]);
  });

  it("writes the one file that differs", () => {
    const there = state({ b: folder({ "function.json": "old", "index.cjs": "b" }) });
    const [first, second] = planApp(files, there).actions;
    expect(first).toEqual({ action: "write", path: "b/function.json", before: "old", after: "B" });
    expect(second?.action).toBe("unchanged");
  });

  it("keeps a host.json that a person has changed", () => {
    const there = state({ "host.json": { kind: "file" } }, { "host.json": "mine" });
    expect(linesOf(planApp(files, there))).toContain("keep host.json");
  });

  it("keeps a host.json that is a link, even to nothing", () => {
    expect(linesOf(planApp(files, state({ "host.json": { kind: "link" } })))).toContain("keep host.json");
  });

  it("removes a generated folder that has no function any more", () => {
    const plan = planApp(files, state({ a: folder({ "function.json": ours, "index.cjs": "a" }) }));
    expect(linesOf(plan).slice(0, 2)).toEqual(["remove a/function.json", "remove a/index.cjs"]);
    expect(plan.emptied).toEqual(["a"]);
  });

  it("leaves a person's files in such a folder, and says so", () => {
    const plan = planApp(files, state({ a: folder({ "function.json": ours, "notes.md": undefined }) }));
    expect(linesOf(plan)).not.toContain("remove a/notes.md");
    expect(plan).toMatchObject({ emptied: [], leftOver: ["a"] });
  });

  it("removes nothing with keepStale", () => {
    const plan = planApp(files, state({ a: folder({ "function.json": ours }) }), { keepStale: true });
    expect(linesOf(plan)[0]).toBe("keep a/function.json");
    expect(plan.emptied).toEqual([]);
  });

  it.each([
    ["a function.json of a person's", folder({ "function.json": '{ "bindings": [] }' })],
    ["no function.json", folder({ "index.cjs": "a" })],
    ["a function.json that is not JSON", folder({ "function.json": '"generatedBy": "dapr-functions"' })],
    ["a link to a folder", { kind: "link" } as const],
  ])("never touches %s", (_, entry) => {
    const plan = planApp(files, state({ a: entry }));
    expect(plan.actions.filter(({ path }) => path.startsWith("a/"))).toEqual([]);
  });

  it("knows its own folders by the mark alone", () => {
    expect(isOurs(ours)).toBe(true);
    for (const text of [undefined, "null", "[]", '{"generatedBy":"someone"}', "not json"])
      expect(isOurs(text)).toBe(false);
  });
});
