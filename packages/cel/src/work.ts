/**
 * A bound of what one evaluation may do beyond what its cost counts: cost goes by the size of a list, not by what is in it, and a list of
 * one list, twice, a few times over, is large. Far above what a cost within limits leads to. Evaluation is synchronous, so one counter does.
 */

import { costExceeded } from "./cel-error.ts";

const most = 20_000_000;
/** In UTF-16 units; far above the largest request. */
const longestText = 32 * 1024 * 1024;

let left = most;

export function resetWork(): void {
  left = most;
}

/** @throws CelError when too much was done */
export function work(amount: number): void {
  left -= amount;
  if (left < 0) throw costExceeded();
}

/** @throws CelError for a text that is absurdly long */
export function boundText(length: number): void {
  if (length > longestText) throw costExceeded();
}
