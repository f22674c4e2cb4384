import { traceHeadersOf } from "../../lib/invocation/trace-headers.js";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const none = (): undefined => undefined;
const of = (headers: Readonly<Record<string, string>>) => traceHeadersOf((name) => headers[name]);
const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");

describe("baggage", () => {
  it.each([
    "a=1",
    "a=1,b=2",
    " a = 1 , b=2;p;q=3 ; r",
    "userId=alice%20m",
    "serverNode=DF%2028,isProduction=false",
    "a=x=y",
    "a=",
    members(64),
    `a=${"x".repeat(6000)}`,
  ])("that parses is passed on: %s", (baggage) => {
    expect(traceHeadersOf(none, { baggage })).toEqual({ baggage });
    expect(of({ baggage })).toEqual({ baggage });
  });

  it.each([
    "2 bags",
    "hello",
    "a=b,c",
    "k=a b",
    'k="q"',
    ",",
    "",
    "a=1,",
    "=1",
    "k=50%",
    "k=%zz",
    "k=a\\b",
    "k=é",
    "k=a\r\nx: y",
    members(65),
    `a=${"x".repeat(8192)}`,
    5,
    null,
  ])("that does not parse is not: %j", (baggage) => {
    expect(traceHeadersOf(none, { baggage })).toBeUndefined();
  });

  it("of the event takes the place of a header that does not parse", () => {
    expect(traceHeadersOf((name) => (name === "baggage" ? "2 bags" : undefined), { baggage: "a=1" })).toEqual({
      baggage: "a=1",
    });
  });
});

describe("traceparent", () => {
  const ids = traceparent.slice(3, -3);

  it.each([traceparent, `01-${ids}-01`, `cc-${ids}-01-what-later-versions-say`])("%s is passed on", (value) => {
    expect(of({ traceparent: value })).toEqual({ traceparent: value });
  });

  it.each([
    `00-${ids}-01-more`,
    `ff-${ids}-01`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${"0".repeat(16)}-01`,
    traceparent.toUpperCase(),
    "00-1-1-01",
    `cc-${ids}-01-${"x".repeat(100_000)}`,
    "",
  ])("%s is not, nor the tracestate beside it", (value) => {
    expect(of({ traceparent: value, tracestate: "a=1" })).toBeUndefined();
  });
});

describe("tracestate", () => {
  it.each(["a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "tenant@system=x, b=2", "a=1,,b=2", members(32)])(
    "%s is passed on",
    (tracestate) => expect(of({ traceparent, tracestate })).toEqual({ traceparent, tracestate }),
  );

  it.each(["a", "A=1", "a=1=2", "a=é", ",", members(33), `a=${"x".repeat(257)}`, "x".repeat(100_000)])(
    "%s is not",
    (tracestate) => expect(of({ traceparent, tracestate })).toEqual({ traceparent }),
  );

  it("leaves no room for baggage that would make the headers too long", () => {
    const tracestate = Array.from({ length: 20 }, (_, i) => `k${i}=${"x".repeat(200)}`).join(",");
    const baggage = `a=${"x".repeat(4000)}`;
    expect(of({ traceparent, tracestate, baggage })).toEqual({ traceparent, tracestate });
  });
});
