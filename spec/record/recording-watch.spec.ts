import { DaprServiceInvocationTrigger, DaprState, serve, type Recording, type StateEntry } from "../../lib/index.js";
import { RecordingWatch } from "../../lib/record/recording-watch.js";
import { recordingSidecar } from "../support/recording-sidecar.js";

class Notes {
  @DaprServiceInvocationTrigger()
  @DaprState({ name: "note", stateStore: "store", key: "k" })
  append({ text }: { text: string }, { note }: { note: StateEntry<string> }): void {
    note.set((note.value ?? "") + text);
  }
}

it("bounds what is kept of one run, not of those that a conflict has thrown away", async () => {
  const sidecar = await recordingSidecar();
  let saves = 0;
  sidecar.answer = ({ method, path }) => {
    if (path === "/v1.0/state/store/k")
      return { headers: { "content-type": "application/json", etag: "1" }, body: `"${"x".repeat(300)}"` };
    return method === "POST" && ++saves < 3 ? { status: 409 } : undefined;
  };
  const warnings: string[] = [];
  let kept!: (recording: Promise<Recording>) => void;
  const recording = new Promise<Recording>((resolve) => (kept = resolve));
  const app = await serve([Notes], {
    port: 0,
    daprUrl: sidecar.url,
    log: { info() {}, warn() {}, error() {}, debug() {} },
    observers: [
      {
        start: (invocation) =>
          new RecordingWatch(invocation, { warn: (text) => warnings.push(text), onRecording: kept, maxSize: 1_000 }),
      },
    ],
  });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${app.url}/append`, { method: "POST", headers, body: '{"text":"!"}' });
  const made = await recording;
  await app.close();
  await sidecar.close();
  expect(response.status).toBe(200);
  expect(warnings).toEqual([]);
  expect(made).toMatchObject({
    inputs: { note: { value: "x".repeat(300) } },
    entries: { note: { value: `${"x".repeat(300)}!` } },
  });
});
