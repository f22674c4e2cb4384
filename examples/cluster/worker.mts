import { serve } from "dapr-functions";
import { Orders } from "./orders.js";

// All workers name the same port, and the primary hands each new connection to the next of them.
const serving = serve([Orders]);

process.once("message", () => {
  // Told by the primary, or by a terminal, which sends its signal to all: closing twice is closing once.
  void serving.then((app) => app.close()).then(() => process.exit());
});
