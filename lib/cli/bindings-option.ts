import type { Option } from "commander";

/** Who serves the Dapr inputs and outputs of a Functions app, as `register` and `toHandler` take it. */
export function bindingsOption(): Option {
  const commander = require("commander") as typeof import("commander");
  const text = "who serves Dapr inputs and outputs: the Dapr extension of the host, or the worker through the sidecar";
  return new commander.Option("--bindings <by>", text).choices(["host", "sidecar"]).default("host");
}
