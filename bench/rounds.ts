import type { Figures, Numbers } from "./bench.js";

/** The middle of some numbers: what one compares on a machine that others use too. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What was measured of some contestants, round by round. */
export class Rounds<Name extends string, Sample extends Numbers> {
  readonly #samples: Map<Name, Sample[]>;

  private constructor(names: readonly Name[]) {
    this.#samples = new Map(names.map((name): [Name, Sample[]] => [name, []]));
  }

  /** Runs contestants in turn, round after round, so that a slow minute of the machine meets all of them alike. */
  static async interleave<Name extends string, Sample extends Numbers>(
    names: readonly Name[],
    rounds: number,
    sample: (name: Name) => Promise<Sample>,
  ): Promise<Rounds<Name, Sample>> {
    const result = new Rounds<Name, Sample>(names);
    for (let round = 0; round < rounds; round++) {
      // Every other round runs backwards: no contestant always follows the same one.
      const order = round % 2 === 0 ? names : [...names].reverse();
      for (const name of order) result.#samples.get(name)!.push(await sample(name));
    }
    return result;
  }

  /** Takes in what was measured of the same contestants at another time, or of some of them. */
  add(others: Rounds<Name, Sample>): void {
    for (const [name, samples] of others.#samples) this.#samples.get(name)!.push(...samples);
  }

  /** The median of each number, by contestant. */
  medians(): Figures["contestants"] {
    return Object.fromEntries(
      [...this.#samples].map(([name, samples]) => {
        const numbers = Object.keys(samples[0]!);
        return [name, Object.fromEntries(numbers.map((each) => [each, median(samples.map((one) => one[each]!))]))];
      }),
    );
  }

  /** The median of one contestant's number divided by another's in the same round, over the rounds that both have. */
  ratio(number: keyof Sample & string, name: Name, other: Name, otherNumber: keyof Sample & string = number): number {
    const others = this.#samples.get(other)!;
    const both = this.#samples.get(name)!.slice(0, others.length);
    return median(both.map((one, round) => one[number]! / others[round]![otherNumber]!));
  }
}
