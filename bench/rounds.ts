/** The middle of some numbers: what one compares on a machine that others use too. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs contestants in turn, round after round, so that a slow minute of the machine meets all of them alike. */
export async function interleave<Contestant, Sample>(
  contestants: readonly Contestant[],
  rounds: number,
  sample: (contestant: Contestant, round: number) => Promise<Sample>,
): Promise<Map<Contestant, Sample[]>> {
  const samples = new Map(contestants.map((contestant): [Contestant, Sample[]] => [contestant, []]));
  for (let round = 0; round < rounds; round++) {
    // Every other round runs backwards: no contestant always follows the same one.
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) samples.get(contestant)!.push(await sample(contestant, round));
  }
  return samples;
}
