/**
 * What API priority and fairness costs creates and gets: ratios to the same server with the plain limits, in one run, in turns. By the clock, and by
 * the server's processor time. Sixty-four connections of an ordinary user are more than its level has seats by default: some of them wait; at a
 * level ten times as wide none does.
 *
 *   scripts/node bench/fair-queueing.ts [--pods 3000] [--rounds 3]
 */

import { parseArgs } from "node:util";
import { takeTurns } from "./api/turns.ts";

const { values } = parseArgs({
  options: { pods: { type: "string", default: "3000" }, rounds: { type: "string", default: "3" } },
});
await takeTurns(
  [
    { name: "plain limits", environment: { FAIRNESS: "off" } },
    { name: "fair, nobody waits", environment: { FAIRNESS: "wide" } },
    { name: "fair, by default", environment: {} },
    { name: "fair, exempt", environment: {}, token: "admin" },
  ],
  { count: Number(values.pods), rounds: Number(values.rounds) },
);
