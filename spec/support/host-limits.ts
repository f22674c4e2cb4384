/*
 * What the Functions host cannot do with a function whose bindings it serves, and so all in which answers differ there.
 * The matrix of answers holds the hosts to this table, and docs/azure.md shows it.
 */

/** What came of one invocation. */
export interface Answer {
  /** Of the reply; "host" where the host answers in its own words that the invocation failed. */
  readonly status: number | "host";
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly object[];
  /** Its bytes as latin1; of a failure's JSON without the invocation's id. */
  readonly body: string;
  /** How many messages were sent. */
  readonly sent: number;
}

export type TriggerKind = "service invocation" | "input binding" | "topic" | "HTTP";

export interface HostLimit {
  readonly triggers: readonly TriggerKind[];
  /** As the documentation says it: what a function does, and what comes of it under the host. */
  readonly says: readonly [what: string, underHost: string];
  /** Whether an answer is concerned. */
  applies(answer: Answer): boolean;
  /** What comes of it under the host. */
  under(answer: Answer): Answer;
}

const failed: Answer = { status: "host", headers: {}, cookies: [], body: "", sent: 0 };

/** The first that applies decides. */
export const hostLimits: readonly HostLimit[] = [
  {
    triggers: ["service invocation", "input binding"],
    says: ["fails, or replies with a status from 300", "the host answers 500 in its own words; nothing is sent"],
    applies: ({ status }) => status === "host" || status >= 300,
    under: () => failed,
  },
  {
    triggers: ["service invocation", "input binding"],
    says: ["replies with a status below 300, or with headers", "200 and the body; the headers are dropped"],
    applies: () => true,
    under: (answer) => ({ ...answer, status: 200, headers: {}, cookies: [] }),
  },
  {
    triggers: ["topic"],
    says: ['returns `{ status: "DROP" }`', "the event is acknowledged, never dead-lettered; what was added is sent"],
    applies: ({ body, sent }) => body === '{"status":"DROP"}' && sent > 0,
    under: (answer) => ({ ...answer, headers: {}, body: "" }),
  },
  {
    triggers: ["topic"],
    says: [
      'returns `{ status: "RETRY" }`, fails, or gets a payload that is not valid',
      "the host answers 500 in its own words, dead letter topic or not; nothing is sent",
    ],
    applies: ({ status, body }) => status !== 200 || body !== "",
    under: () => failed,
  },
];
