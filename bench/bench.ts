/** What every scenario is given. */
export interface Bench {
  /** The source tree. */
  readonly root: string;
  /** The load generator, which is the stub sidecar too. */
  readonly load: string;
  /** A project of its own with the packed library installed, and contestants and probes beside it. */
  readonly folder: string;
  /** Fewer and shorter rounds, and only what the bars need. */
  readonly quick: boolean;
  progress(what: string): void;
}

/** Names and values, in the order in which they are shown. */
export type Numbers = Readonly<Record<string, number>>;

/** What a scenario measured: medians by contestant, and medians of the ratios of single rounds. */
export interface Figures {
  readonly scenario: string;
  readonly contestants: Readonly<Record<string, Numbers>>;
  readonly ratios: Numbers;
  /** What was not measured, and why. */
  readonly note?: string;
}

export type Scenario = (bench: Bench) => Promise<Figures[]>;
