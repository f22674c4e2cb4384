import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FunctionDefinition } from "../model/function-definition.js";
import { messageOf } from "../model/thrown.js";
import type { InvocationObserver } from "../invocation/observer.js";
import { RecordingWatch } from "./recording-watch.js";
import type { Recording } from "./recording.js";

/** What `record` takes: where recordings go, and what of them. */
export interface RecordOptions {
  /** Where the files go; made if it is not there. */
  readonly folder: string;
  /** Changes a recording before it is written, or leaves it out by returning `undefined`. */
  readonly redact?: ((recording: Recording) => Recording | undefined) | undefined;
  /** Bytes of a file at most; a larger recording is left out. 1,000,000 unless given. */
  readonly maxSize?: number | undefined;
  /** Says the module of a function, by which `replay` finds its class. */
  readonly moduleOf?: ((definition: FunctionDefinition) => string | undefined) | undefined;
}

interface Wiring {
  readonly warn: (text: string) => void;
}

/** Writes one JSON file per invocation. A file that cannot be written is said once and fails no invocation. */
export function recordingObserver(options: RecordOptions, wiring: Wiring): InvocationObserver {
  const said = new Set<string>();
  const warn = (text: string): void => {
    if (!said.has(text)) wiring.warn(text);
    said.add(text);
  };
  return {
    start: (invocation) =>
      new RecordingWatch(invocation, {
        warn,
        moduleOf: options.moduleOf,
        onRecording: (recording) => void write(recording, options, warn),
      }),
  };
}

async function write(
  made: Promise<Recording>,
  { folder, redact, maxSize = 1_000_000 }: RecordOptions,
  warn: (text: string) => void,
): Promise<void> {
  try {
    const recording = await made;
    const { functionName, invocationId, time } = recording;
    const kept = redact === undefined ? recording : redact(recording);
    if (kept === undefined) return;
    const text = `${JSON.stringify(kept, null, 2)}\n`;
    if (Buffer.byteLength(text) > maxSize)
      return warn(
        `record: an invocation of ${functionName} is left out: it is larger than ${maxSize} bytes; raise maxSize`,
      );
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${time.replace(/[:.]/g, "-")}-${functionName}-${invocationId}.json`);
    // Whoever reads the folder meanwhile, or after the disk was full, finds none that is half written.
    writeFileSync(`${file}.tmp`, text);
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    warn(`record: an invocation cannot be written (${messageOf(error)}); make ${folder} writable, or correct redact`);
  }
}
