import { describeFunction } from "../../inspector/describe.js";
import type { DescribedFunction, InvocationRecord } from "../../inspector/page/wire.js";
import { Recorder } from "../../inspector/recorder.js";
import { Recordings } from "../../inspector/recordings.js";
import type { Recording } from "../../record/recording.js";
import { startServer } from "../../serve/start-server.js";
import { loadFunctions } from "../modules/function-app.js";
import { hasErrors, toLine } from "../report.js";

/** What the process of one version of an app is told. */
export interface VersionOrder {
  readonly appId: string;
  readonly modules: readonly string[];
  readonly daprUrl: string;
  /** Where invocations are recorded. */
  readonly record: string | undefined;
  /** Whether the other process prints a line for each record. */
  readonly isPrinted: boolean;
  /** Whether there is a page. */
  readonly isInspected: boolean;
}

/** The sidecar has turned to the version: said to its process. */
export interface Turned {
  readonly type: "turned";
}

/** What it says to the process that watches. */
export type VersionMessage =
  | { readonly type: "ready"; readonly port: number; readonly functions: readonly DescribedFunction[] }
  | { readonly type: "failed"; readonly text: string }
  | { readonly type: "record"; readonly record: InvocationRecord }
  | { readonly type: "recording"; readonly id: string; readonly recording: Recording };

function say(message: VersionMessage): void {
  process.send?.(message);
}

/** Ends the process, which a module of the user's may keep alive, once the text has gone: it is lost with the process. */
function fail(text: string): void {
  const message: VersionMessage = { type: "failed", text };
  process.send?.(message, () => process.exit(1));
}

/** One version of an app: loaded, checked, served on a free port. Ends with its parent. */
async function start({ appId, modules, daprUrl, record: folder, isPrinted, isInspected }: VersionOrder): Promise<void> {
  const { targets, problems, fileOf, located } = await loadFunctions(modules);
  if (hasErrors(problems)) return fail(problems.map(toLine).join("\n"));
  const recorder = new Recorder(appId, (record) => say({ type: "record", record }));
  const tests = new Recordings((id, recording) => say({ type: "recording", id, recording }));
  try {
    const record = folder === undefined ? undefined : { folder, moduleOf: fileOf };
    const own = {
      daprUrl,
      port: 0,
      observers: isInspected ? [recorder, tests] : [recorder],
      log: recorder.logOver(console, isPrinted),
      record,
    };
    // There is nothing else that this process is told.
    const turned = new Promise<void>((resolve) => process.once("message", () => resolve()));
    const app = await startServer(targets, own, turned);
    const functions = app.functions.map((definition) => describeFunction(appId, definition, `./${fileOf(definition)}`));
    say({ type: "ready", port: app.port, functions });
  } catch (error) {
    const { problems: found } = error as { problems?: Parameters<typeof located>[0] };
    fail(found === undefined ? (error as Error).message : located(found).map(toLine).join("\n"));
  }
}

process.once("disconnect", () => process.exit());
process.once("message", (order: VersionOrder) => {
  start(order).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
});
