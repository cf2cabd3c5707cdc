/** The last line of defence of a program that serves others: what one connection or one piece of work runs into must not end all others'. */

import type { Logger } from "./component.ts";

/** What is logged for each; tests look for it, for each is a fault of ours. */
export const unheardError = "Nobody heard of an error; what it belongs to is left as it is";

/**
 * From now on the process outlives errors that nobody listens for and promises that nobody asks after, as kube-apiserver's handlers outlive a panic:
 * each is logged, with its stack. For programs, once they have begun to serve: what goes wrong before is to end them, and so is the end of whoever
 * read their log.
 */
export function surviveUnheardErrors(logger: Logger): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
  const tell = (err: unknown) => logger.error(unheardError, { err });
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
}
