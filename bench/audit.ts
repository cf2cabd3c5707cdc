/**
 * What auditing every request at Metadata, to a file, costs creates and gets: ratios to the same server without it, in one run, in turns. By the clock,
 * and by the server's processor time.
 */

import { takeTurns, turnFlags } from "./api/turns.ts";
import { flagsOf } from "./lib/program.ts";

const about = "What auditing costs creates and gets: ratios to the same server without it, in one run, in turns.";
const turns = flagsOf("audit.ts", about, turnFlags);
await takeTurns(
  [
    { name: "audit off", environment: {} },
    { name: "audit batch", environment: { AUDIT: "batch" } },
    { name: "audit blocking", environment: { AUDIT: "blocking" } },
  ],
  turns,
);
