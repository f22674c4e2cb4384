import type { CallOptions, DaprClient, SidecarMetadata } from "../../lib/client/dapr-client.js";
import { StateStores } from "../../lib/sidecar-host/state-stores.js";

const unknown = { type: undefined, hasEtags: undefined };

/** Stores of a sidecar that answers as told, and what it was asked with. */
function storesOf(answer: (options: CallOptions) => Promise<SidecarMetadata>) {
  const asked: CallOptions[] = [];
  const metadata = (options: CallOptions = {}): Promise<SidecarMetadata> => {
    asked.push(options);
    return answer(options);
  };
  return { asked, stores: new StateStores({ metadata } as Partial<DaprClient> as DaprClient) };
}

const never = (): AbortSignal => new AbortController().signal;

describe("what a state store is", () => {
  it("is asked once, and known at once from then on", async () => {
    const components = [{ name: "store", type: "state.sqlite", capabilities: ["ETAG"] }];
    const { asked, stores } = storesOf(() => Promise.resolve({ components }));
    expect(await stores.of("store", undefined, never())).toEqual({ type: "state.sqlite", hasEtags: true });
    expect(stores.of("store", undefined, never())).toEqual({ type: "state.sqlite", hasEtags: true });
    expect(asked).toHaveLength(1);
  });

  const components = [{ name: "store", type: "state.redis" }];
  const silences: [string, () => Promise<SidecarMetadata>][] = [
    ["does not answer", () => Promise.reject(new Error("no"))],
    ["does not name it", () => Promise.resolve({ components: [] })],
  ];

  it.each(silences)("is asked again of a sidecar that %s, as soon as the store has answered", async (_, silence) => {
    let isSilent = true;
    const { asked, stores } = storesOf(() => (isSilent ? silence() : Promise.resolve({ components })));
    expect(await stores.of("store", undefined, never())).toBeUndefined();
    isSilent = false;
    expect(await stores.ofPresent("store", undefined, never())).toMatchObject({ type: "state.redis" });
    expect(stores.of("store", undefined, never())).toMatchObject({ type: "state.redis" });
    expect(asked).toHaveLength(2);
  });

  it.each(silences)("is not known of a sidecar that %s even then, and not asked at once again", async (_, silence) => {
    const { asked, stores } = storesOf(silence);
    expect(await stores.of("store", undefined, never())).toBeUndefined();
    expect(await stores.ofPresent("store", undefined, never())).toEqual(unknown);
    expect(stores.of("store", undefined, never())).toEqual(unknown);
    expect(asked).toHaveLength(2);
  });

  it("is asked with a time limit of its own, and until its caller has ended, which is not the end of others", async () => {
    const ended = new AbortController();
    const { asked, stores } = storesOf(({ signal }) =>
      signal === ended.signal
        ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
        : Promise.resolve({ components }),
    );
    const first = stores.of("store", undefined, ended.signal);
    expect(await stores.of("store", undefined, never())).toEqual({ type: "state.redis", hasEtags: undefined });
    ended.abort(new Error("closing"));
    expect(await first).toBeUndefined();
    expect(stores.of("store", undefined, never())).toEqual({ type: "state.redis", hasEtags: undefined });
    expect(asked.map(({ timeout }) => timeout)).toEqual([2000, 2000]);
  });
});
