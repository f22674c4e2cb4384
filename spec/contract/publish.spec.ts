import { contract } from "./harness.js";
import { publishCases } from "./publish-cases.js";

contract("publish", (start) => publishCases(start, { type: "pubsub.in-memory" }));
