import type { DaprClient } from "../client/dapr-client.js";
import { percentEncoded, rawQuery } from "../client/paths.js";
import type { DaprSecret } from "../model/bindings.js";
import type { InputReader, Invocation } from "../invocation/binding-host.js";
import { callOptions, compileInputOption, compileOption, type BindingPlace } from "./options.js";

export function secretReader(client: DaprClient, place: BindingPlace<DaprSecret>): InputReader {
  const { secretStoreName, key } = place.binding;
  const storeOf = compileInputOption(place, "secretStoreName", secretStoreName, "No secret store name was found");
  const keyOf = compileInputOption(place, "key", key, "No key information was found");
  const metadataOf = compileMetadata(place);
  return {
    read: async (invocation) =>
      await client.getSecret({
        ...callOptions(place, invocation),
        secretStoreName: storeOf(invocation),
        key: keyOf(invocation),
        metadata: metadataOf(invocation),
      }),
  };
}

/** The query of a secret's request. What expressions put in is encoded, so that it stays one value. */
function compileMetadata(place: BindingPlace<DaprSecret>): (invocation: Invocation) => string | undefined {
  const { metadata } = place.binding;
  if (metadata === undefined || typeof metadata === "string") {
    const query = compileOption(place, "metadata", metadata?.replace(/^\?/, ""), encodeURIComponent);
    return (invocation) => {
      const text = query(invocation);
      return text === undefined ? undefined : rawQuery(text);
    };
  }
  const entries = Object.entries(metadata).map(([name, text]) => ({
    start: `metadata.${percentEncoded(name)}=`,
    valueOf: compileOption(place, `metadata.${name}`, text),
  }));
  return (invocation) =>
    entries.map(({ start, valueOf }) => start + percentEncoded(valueOf(invocation) ?? "")).join("&");
}
