/**
 * What API priority and fairness costs creates and gets: ratios to the same server with the plain limits, in one run, in turns. By the clock, and by
 * the server's processor time. Sixty-four connections of an ordinary user are more than its level has seats by default: some of them wait; at a
 * level ten times as wide none does.
 */

import { takeTurns, turnFlags } from "./api/turns.ts";
import { flagsOf } from "./lib/program.ts";

const about =
  "What API priority and fairness costs creates and gets: ratios to the same server with the plain limits, in one run, in turns.";
const turns = flagsOf("fair-queueing.ts", about, turnFlags);
await takeTurns(
  [
    { name: "plain limits", environment: { FAIRNESS: "off" } },
    { name: "fair, nobody waits", environment: { FAIRNESS: "wide" } },
    { name: "fair, by default", environment: {} },
    { name: "fair, exempt", environment: {}, token: "admin" },
  ],
  turns,
);
