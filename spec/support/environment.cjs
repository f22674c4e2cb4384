const { TestEnvironment } = require("jest-environment-node");

/** What keeps a process alive for ever when a spec forgets it. */
const kept = {
  TCPServerWrap: "server that listens",
  PipeServerWrap: "server that listens",
  ProcessWrap: "child process",
};

/** How many of each there are now. */
function counted() {
  const counts = new Map(Object.keys(kept).map((type) => [type, 0]));
  for (const type of process.getActiveResourcesInfo()) if (counts.has(type)) counts.set(type, counts.get(type) + 1);
  return counts;
}

/** Fails a file that leaves a server or a process behind: the run would not end, and not say why. */
module.exports = class extends TestEnvironment {
  #before = new Map();

  async handleTestEvent(event, state) {
    if (event.name === "run_start") this.#before = counted();
    if (event.name === "run_finish") state.unhandledErrors.push(...(await this.#left()));
  }

  /** What was closed a moment ago takes another to be gone. */
  async #left() {
    for (let turn = 1; ; turn += 1) {
      const left = [...counted()].filter(([type, count]) => count > this.#before.get(type));
      if (left.length === 0 || turn === 500) return left.map(([type, count]) => this.#errorOf(type, count));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #errorOf(type, count) {
    const error = new Error(
      `${count - this.#before.get(type)} × ${kept[type]} left behind; close what the file starts`,
    );
    error.stack = error.message;
    return error;
  }
};
