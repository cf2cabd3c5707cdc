/**
 * What auditing every request at Metadata, to a file, costs creates and gets: ratios to the same server without it, in one run, in turns. By the clock,
 * and by the server's processor time.
 *
 *   scripts/node bench/audit.ts [--pods 3000] [--rounds 3]
 */

import { parseArgs } from "node:util";
import { takeTurns } from "./api/turns.ts";

const { values } = parseArgs({
  options: { pods: { type: "string", default: "3000" }, rounds: { type: "string", default: "3" } },
});
await takeTurns(
  [
    { name: "audit off", environment: {} },
    { name: "audit batch", environment: { AUDIT: "batch" } },
    { name: "audit blocking", environment: { AUDIT: "blocking" } },
  ],
  { count: Number(values.pods), rounds: Number(values.rounds) },
);
