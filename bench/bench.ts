/** What every scenario is given. */
export interface Bench {
  /** The load generator. */
  readonly load: string;
  /** A project of its own with the packed library installed, and the contestants beside it. */
  readonly folder: string;
  readonly quick: boolean;
  progress(what: string): void;
}

/** What a scenario measured: medians by contestant, and ratios of ours to others, round by round. */
export interface Figures {
  readonly scenario: string;
  readonly contestants: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly ratios: Readonly<Record<string, number>>;
}
