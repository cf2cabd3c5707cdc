/** What the benchmarks have in common as programs: flags by a table, `--help`, and an error that names what was meant. */

import { flagHelp } from "@kubets/cmd/flag-help";
import { type FlagSpecs, type Flags, parseFlags, UsageError } from "@kubets/cmd/flags";

/** Of a benchmark that prints a table. */
export const jsonFlag = { type: "boolean", help: "print JSON, on one line", default: false } as const;

/**
 * The flags that the process was started with. Ends it after `--help`, and with 2 after what is no flag of the program.
 * @param program its file in this folder
 * @param about what it measures, in a line or a few
 */
export function flagsOf<S extends FlagSpecs>(program: string, about: string, specs: S): Flags<S> {
  const command = `scripts/node bench/${program}`;
  const all = { ...specs, help: { type: "boolean", short: "h", help: "say this", default: false } } as const;
  try {
    const { flags, rest } = parseFlags(all, process.argv.slice(2));
    if (rest[0] !== undefined) throw new UsageError(`${program} takes no arguments, got ${JSON.stringify(rest[0])}`);
    if (!flags.help) return flags as Flags<S>;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`Error: ${error.message}\n${command} --help lists the flags\n`);
    process.exit(2);
  }
  process.stdout.write(`${about}\n\nUsage: ${command} [flags]\n\nFlags:\n${flagHelp(all)}\n`);
  process.exit(0);
}
