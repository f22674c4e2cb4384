import { runCli } from "../support/functions-host.js";
import { consumerProject } from "../support/packed.js";
import { textOf } from "./blocks.js";

const text = textOf("docs/command-line.md");

/** The section of a command: what may stand there of its options. */
function sectionOf(command: string): string {
  return text.split(/^## /m).find((section) => section.startsWith(`${command}\n`)) ?? "";
}

describe("docs/command-line.md", () => {
  let project: string;
  let commands: readonly string[];
  beforeAll(() => {
    project = consumerProject();
    const { stdout } = runCli(project, ["--help"]);
    const list = stdout.slice(stdout.indexOf("Commands:"));
    commands = [...list.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]!).filter((name) => name !== "help");
  }, 120_000);

  it("has a section for each command, and none for what is not there", () => {
    const sections = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]!);
    expect([...sections].sort()).toEqual([...commands].sort());
  });

  it("names every option of each", () => {
    const missing = commands.flatMap((command) => {
      const { stdout } = runCli(project, [command, "--help"]);
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1]!);
      return options
        .filter((option) => option !== "--help" && !sectionOf(command).includes(option))
        .map((option) => `${command} ${option}`);
    });
    expect(missing).toEqual([]);
  });
});
