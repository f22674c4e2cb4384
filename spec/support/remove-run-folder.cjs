const { rmSync } = require("node:fs");

/** Milliseconds after which a run that is over ends, whatever is still open. */
const patience = 10_000;

/** Jest's global tear-down: removes what specs shared, and ends a run that would wait for ever for what one left open. */
module.exports = ({ watch, watchAll }) => {
  // What was told to end a moment ago may still write there.
  rmSync(process.env.DAPR_FUNCTIONS_RUN, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  if (watch || watchAll) return;
  const end = () => {
    console.error(`ended with something open still: ${process.getActiveResourcesInfo().join(", ")}`);
    process.exit();
  };
  setTimeout(end, patience).unref();
};
