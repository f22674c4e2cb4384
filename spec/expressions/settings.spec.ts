import { settingNames, settingsFrom, substituteSettings } from "../../lib/expressions/settings.js";

describe("settings", () => {
  it("are found by the exact name first, then ignoring case", () => {
    const settings = settingsFrom({ STORE: "upper", Store: "mixed" });
    expect(settings.get("Store")).toBe("mixed");
    expect(settings.get("STORE")).toBe("upper");
    expect(settings.get("store")).toBe("upper");
    expect(settings.get("stores")).toBeUndefined();
  });

  it("spell the hierarchy of names with a colon, which environments write as two underscores", () => {
    const settings = settingsFrom({ Depot__Store: "a", "other:store": "b" });
    expect(settings.get("Depot:Store")).toBe("a");
    expect(settings.get("depot:store")).toBe("a");
    expect(settings.get("Depot__Store")).toBe("a");
    expect(settings.get("other:store")).toBe("b");
    expect(settings.get("other__store")).toBeUndefined();
  });

  it("come from the first record that has the name in any case", () => {
    const settings = settingsFrom({ store: "first" }, { Store: "second", other: "second" }, { other: "third" });
    expect(settings.get("Store")).toBe("first");
    expect(settings.get("other")).toBe("second");
  });

  it("have neither inherited names nor undefined values", () => {
    const settings = settingsFrom({ absent: undefined }, { absent: "given" });
    expect(settings.get("constructor")).toBeUndefined();
    expect(settings.get("__proto__")).toBeUndefined();
    expect(settings.get("absent")).toBe("given");
  });
});

describe("settingNames", () => {
  it("lists the names in order", () => {
    expect(settingNames("a-%st%%c1%-{%t%}")).toEqual(["st", "c1", "t"]);
    expect(settingNames("plain")).toEqual([]);
  });

  it.each([
    ["%st", 'in "%st" the "%" at position 0 has no pair; write "%name%" with the name of a setting'],
    ["100%", 'in "100%" the "%" at position 3 has no pair; write "%name%" with the name of a setting'],
    ["%a%b%", 'in "%a%b%" the "%" at position 4 has no pair; write "%name%" with the name of a setting'],
    ["a%%b", 'in "a%%b" the "%" at position 1 has nothing before the next; name a setting between them'],
    ["%{key}%", 'in "%{key}%" the "%" at position 0 pairs with one beyond a brace; name a setting between them'],
  ])("refuses %s", (text, message) => {
    expect(() => settingNames(text)).toThrow(expect.objectContaining({ kind: "setting-unclosed", message }));
  });
});

describe("substituteSettings", () => {
  it("goes left to right, once", () => {
    const settings = settingsFrom({ a: "%b%", b: "%", c: "$&" });
    expect(substituteSettings("%a%-%b%-%c%", settings)).toBe("%b%-%-$&");
  });

  it("counts a blank value as missing", () => {
    const settings = settingsFrom({ empty: "", blank: " \t" });
    for (const name of ["empty", "blank", "none"]) {
      expect(() => substituteSettings(`x%${name}%`, settings)).toThrow(
        expect.objectContaining({ kind: "setting-missing", subject: name, position: 1 }),
      );
    }
  });
});
