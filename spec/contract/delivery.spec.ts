import { startApp, type Answer, type Received, type RecordingApp } from "./app.js";
import { call, component, contract, type Contender, type Reply } from "./harness.js";

interface Case {
  readonly title: string;
  readonly answer: Answer;
}

const json = (body: unknown): Answer => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const status = (code: number, more: Answer = {}): Case => ({ title: `${code}`, answer: { status: code, ...more } });

const done: readonly Case[] = [
  { title: "200 without a body", answer: {} },
  status(204),
  status(201),
  { title: "text", answer: { body: "fine" } },
  { title: "JSON without status", answer: json({ ok: true }) },
  { title: "an array", answer: json([1]) },
  { title: "SUCCESS", answer: json({ status: "SUCCESS" }) },
  { title: "a status that is not text", answer: json({ status: 5 }) },
  { title: "an empty status", answer: json({ status: "" }) },
];
const dropped: readonly Case[] = [
  { title: "DROP", answer: json({ status: "DROP" }) },
  { title: "DROP with 202, as text", answer: { status: 202, body: '{"status":"DROP"}' } },
  { title: "404", answer: { status: 404 } },
  { title: "404 with a SUCCESS body", answer: { ...json({ status: "SUCCESS" }), status: 404 } },
];
const failed: readonly Case[] = [
  { title: "RETRY", answer: json({ status: "RETRY" }) },
  { title: "retry in lower case", answer: json({ status: "retry" }) },
  { title: "drop in lower case", answer: json({ status: "drop" }) },
  { title: "a word that Dapr does not know", answer: json({ status: "LATER" }) },
  ...[302, 400, 401, 409, 429, 500, 503].map((code) => status(code)),
  { title: "500 with a DROP body", answer: { ...json({ status: "DROP" }), status: 500 } },
  { title: "a cut connection", answer: { cut: true } },
];
const cases = [...done, ...dropped, ...failed].map((entry, index) => ({ ...entry, topic: `case-${index}` }));

contract("delivery", (start) => {
  let app: RecordingApp;
  let sidecar: Contender;

  beforeAll(async () => {
    const answers = new Map(cases.map(({ topic, answer }) => [topic, answer]));
    app = await startApp({
      subscriptions: [
        ...cases.flatMap(({ topic }) => [
          { pubsubname: "bus", topic, route: `/${topic}` },
          {
            pubsubname: "bus",
            topic: `guarded-${topic}`,
            route: `/guarded-${topic}`,
            deadLetterTopic: `dead-${topic}`,
          },
          { pubsubname: "bus", topic: `dead-${topic}`, route: `/dead-${topic}` },
        ]),
        { pubsubname: "bus", topic: "order", route: "/order" },
        { pubsubname: "bus", topic: "twice", route: "/twice-first" },
        { pubsubname: "bus", topic: "twice", route: "/twice-last" },
        { pubsubname: "bus", topic: "both", route: "/both-on-bus" },
        { pubsubname: "other", topic: "both", route: "/both-on-other" },
        { pubsubname: "nowhere", topic: "order", route: "/nowhere" },
        { pubsubname: "bus", topic: "routeless" },
        { pubsubname: "bus", topic: "escapes", route: "/with%20space/%2Fslash%C3%A9?q=a%20b&c=1" },
        { pubsubname: "bus", topic: "unescaped", route: "/plain é" },
        { pubsubname: "bus", topic: "folded", route: "/a/./b/../c//d/" },
        { pubsubname: "bus", topic: "relative", route: "no-slash" },
        ...ruled,
      ],
      answer: ({ path, json: event }) =>
        dataOf(event) === "end" ? undefined : answers.get(path.replace(/^\/(guarded-)?/, "")),
    });
    const components = {
      bus: component("bus", "pubsub.in-memory"),
      other: component("other", "pubsub.in-memory"),
    };
    sidecar = await start({ components, app });
  });
  afterAll(async () => {
    await sidecar.close();
    await app.close();
  });

  const publish = (topic: string, body: unknown, query = "", pubsub = "bus"): Promise<Reply> =>
    call(sidecar.url, "POST", `/v1.0/publish/${pubsub}/${topic}${query}`, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const dataOf = (event: unknown): unknown => (event as { data?: unknown } | undefined)?.data;
  /** The events on one route up to the one that says "end", which comes last since the broker keeps their order. */
  const eventsUntilEnd = async (path: string): Promise<Received[]> => {
    await app.received((request) => request.path === path && dataOf(request.json) === "end");
    return app.requests.filter((request) => request.path === path && dataOf(request.json) !== "end");
  };

  describe("without a dead letter topic, an event is delivered once whatever the answer:", () => {
    it.each(cases)("$title", async ({ topic }) => {
      await publish(topic, "event");
      await publish(topic, "end");
      expect(await eventsUntilEnd(`/${topic}`)).toHaveLength(1);
    });
  });

  describe("with a dead letter topic,", () => {
    const deadLetters = async (topic: string): Promise<Received[]> => {
      await publish(`guarded-${topic}`, "event", "?metadata.cloudevent.id=e-1");
      await publish(`guarded-${topic}`, "end");
      expect(await eventsUntilEnd(`/guarded-${topic}`)).toHaveLength(1);
      await publish(`dead-${topic}`, "end");
      return eventsUntilEnd(`/dead-${topic}`);
    };
    const isDone = (title: string): boolean => done.some((entry) => entry.title === title);

    it.each(cases.filter(({ title }) => isDone(title)))("an event answered with $title is done", async ({ topic }) => {
      expect(await deadLetters(topic)).toEqual([]);
    });

    it.each(cases.filter(({ title }) => !isDone(title)))(
      "an event answered with $title is dead-lettered",
      async ({ topic }) => {
        const [letter, ...more] = await deadLetters(topic);
        expect(letter!.json).toMatchObject({ id: "e-1", data: "event", topic: `guarded-${topic}`, pubsubname: "bus" });
        expect(more).toEqual([]);
      },
    );
  });

  describe("subscriptions", () => {
    it("deliver in the order published", async () => {
      const numbers = Array.from({ length: 80 }, (_, index) => index);
      for (const number of numbers) await publish("order", number);
      const received = await app.received(({ path }) => path === "/order", numbers.length);
      expect(received.map((request) => dataOf(request.json))).toEqual(numbers);
    });

    it("keep the last of two entries for one topic", async () => {
      await publish("twice", "event");
      await publish("twice", "end");
      expect(await eventsUntilEnd("/twice-last")).toHaveLength(1);
      expect(app.requests.filter(({ path }) => path === "/twice-first")).toEqual([]);
    });

    it("keep pubsubs apart", async () => {
      await publish("both", "on bus");
      await publish("both", "on other", "", "other");
      const [onBus] = await app.received(({ path }) => path === "/both-on-bus");
      const [onOther] = await app.received(({ path }) => path === "/both-on-other");
      expect(onBus!.json).toMatchObject({ data: "on bus", pubsubname: "bus" });
      expect(onOther!.json).toMatchObject({ data: "on other", pubsubname: "other" });
    });

    it("reach the app on the route as listed, escapes and query included", async () => {
      await publish("escapes", 1);
      const [request] = await app.received((received) => received.path.startsWith("/with"));
      expect(request!.path).toBe("/with%20space/%2Fslash%C3%A9?q=a%20b&c=1");
    });

    it("escape what a route leaves unescaped", async () => {
      await publish("unescaped", 1);
      const [request] = await app.received(({ path }) => path.startsWith("/plain"));
      expect(request!.path).toBe("/plain%20%C3%A9");
    });

    it("fold dots and empty parts of a route", async () => {
      await publish("folded", 1);
      const [request] = await app.received((received) => dataOf(received.json) === 1 && received.path.startsWith("/a"));
      expect(request!.path).toBe("/a/c/d");
    });

    it("add the leading slash of a route", async () => {
      await publish("relative", 1);
      const [request] = await app.received(({ path }) => path.endsWith("no-slash"));
      expect(request!.path).toBe("/no-slash");
    });
  });

  describe("rules", () => {
    const routeOfEvent = async (topic: string, body: unknown, type = "plain"): Promise<string> => {
      const id = `${topic}-${(ids += 1)}`;
      await publish(topic, body, `?metadata.cloudevent.id=${id}&metadata.cloudevent.type=${type}`);
      const [request] = await app.received((received) => (received.json as { id?: string } | undefined)?.id === id);
      return request!.path;
    };
    let ids = 0;

    it.each([
      ["v1", 1, "/rules/v1"],
      ["v2", 1, "/rules/v2"],
      ["v3", 1, "/rules/default"],
      ["v2 and more", { total: 50 }, "/rules/large"],
      ["v3", { total: 50 }, "/rules/large"],
      ["v1", { total: 50 }, "/rules/v1"],
      ["v3", { total: 5 }, "/rules/default"],
      ["v3", { other: 1 }, "/rules/default"],
    ])("send type %s with %j to %s", async (type, data, path) => {
      expect(await routeOfEvent("rules", data, encodeURIComponent(type))).toBe(path);
    });

    it("dead-letter an event that none matches", async () => {
      expect(await routeOfEvent("ruled-guarded", 1)).toBe("/ruled-dead");
    });

    it("drop it where there is no dead letter topic", async () => {
      await publish("ruled", "event");
      await publish("ruled", "end", "?metadata.cloudevent.type=v2");
      expect(await eventsUntilEnd("/ruled/v2")).toEqual([]);
    });

    it("fail the delivery when they read a field that the event lacks", async () => {
      expect(await routeOfEvent("ruled-fragile", { other: 1 })).toBe("/ruled-fragile-dead");
      expect(await routeOfEvent("ruled-fragile", { total: 50 })).toBe("/ruled-fragile/large");
      expect(await routeOfEvent("ruled-fragile", { total: 5 })).toBe("/ruled-fragile/default");
    });
  });
});

const large = { match: "has(event.data.total) && event.data.total > 10", path: "/rules/large" };
const ruled = [
  {
    pubsubname: "bus",
    topic: "rules",
    routes: {
      rules: [
        { match: 'event.type == "v1"', path: "/rules/v1" },
        large,
        { match: "event.type.startsWith('v2')", path: "/rules/v2" },
      ],
      default: "/rules/default",
    },
  },
  {
    pubsubname: "bus",
    topic: "ruled-guarded",
    routes: { rules: [{ match: 'event.type == "v2"', path: "/ruled-guarded/v2" }] },
    deadLetterTopic: "ruled-dead",
  },
  { pubsubname: "bus", topic: "ruled-dead", route: "/ruled-dead" },
  { pubsubname: "bus", topic: "ruled", routes: { rules: [{ match: 'event.type == "v2"', path: "/ruled/v2" }] } },
  {
    pubsubname: "bus",
    topic: "ruled-fragile",
    routes: {
      rules: [{ match: "event.data.total > 10", path: "/ruled-fragile/large" }],
      default: "/ruled-fragile/default",
    },
    deadLetterTopic: "ruled-fragile-dead",
  },
  { pubsubname: "bus", topic: "ruled-fragile-dead", route: "/ruled-fragile-dead" },
];
