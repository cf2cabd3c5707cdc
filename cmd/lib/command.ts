/** A subcommand: what it is called, what it takes, and what it does. */

import { flagHelp } from "./flag-help.ts";
import { type FlagSpecs, type Flags, parseFlags, UsageError } from "./flags.ts";

export interface Command {
  /** What follows the program's name: `up [flags]`. */
  readonly usage: string;
  /** What it is for, in a few lines; then examples. */
  readonly help: string;
  readonly flags: FlagSpecs;
  run(args: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Ties the flags' types to the function that gets them. */
export function defineCommand<S extends FlagSpecs>(definition: {
  usage: string;
  help: string;
  flags: S;
  /** Takes arguments that are no flags. Without this they are refused. */
  takesArguments?: boolean;
  run(flags: Flags<S>, rest: readonly string[], signal: AbortSignal): Promise<void>;
}): Command {
  const { usage, help, flags } = definition;
  return {
    usage,
    help,
    flags,
    async run(args, signal) {
      const parsed = parseFlags(flags, args);
      const [first] = parsed.rest;
      if (first !== undefined && !definition.takesArguments)
        throw new UsageError(`unexpected argument ${JSON.stringify(first)}; want: kubets ${usage}`);
      await definition.run(parsed.flags, parsed.rest, signal);
    },
  };
}

export function commandHelp(program: string, command: Command): string {
  const flags = flagHelp(command.flags);
  return `Usage: ${program} ${command.usage}\n\n${command.help.trim()}\n${flags === "" ? "" : `\nFlags:\n${flags}\n`}`;
}
