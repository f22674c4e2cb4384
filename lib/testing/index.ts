/**
 * Call a function by itself with fakes, or run its whole invocation with `invoke`.
 *
 * @module dapr-functions/testing
 */
export { fakeCollector, type FakeCollector, type FakeItem, type FakeOverrides } from "./fake-collector.js";
export { stateEntry, type EntryResult, type FakeEntry, type StateEntryInit } from "./fake-entry.js";
export { cloudEvent, httpRequest, invocationContext, type HttpRequestInit } from "./fixtures.js";
export { invoke, type Invoked, type InvokeOptions } from "./invoke.js";
export { replay, type Replayed, type ReplayOptions } from "./replay.js";
export type {
  RecordedCall,
  RecordedEntry,
  RecordedError,
  RecordedFailure,
  RecordedItem,
  RecordedRequest,
  Recording,
} from "../record/recording.js";
export type { EntriesOf, FakeApp, InputsOf, MethodName, OutputsOf, PayloadOf, ReplyOf } from "./method-types.js";
