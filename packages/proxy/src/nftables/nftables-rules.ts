/** Keeps one table of nftables rules equal to what is wanted of it. */

import type { ServicePort } from "../service-ports.ts";
import type { ServiceRules } from "../service-rules.ts";
import { NftError, nft } from "./nft.ts";
import { buildRuleset, type Ruleset, type RulesetOptions, tableName } from "./ruleset.ts";
import { changeTransaction, fullTransaction } from "./transaction.ts";

/** Writes only what has changed since the last time; everything again after a failure. */
export class NftablesRules implements ServiceRules {
  readonly mode = "nftables";
  readonly #options: RulesetOptions;
  readonly #run: (script: string) => Promise<void>;
  /** What the kernel has; undefined when that is not known: at the start and after a failure. */
  #present: Ruleset | undefined;

  constructor(options: RulesetOptions, run: (script: string) => Promise<void> = nft) {
    this.#options = options;
    this.#run = run;
  }

  async apply(ports: Iterable<ServicePort>): Promise<void> {
    const { family } = this.#options;
    const wanted = buildRuleset(ports, this.#options);
    const script =
      this.#present === undefined ? fullTransaction(family, wanted) : changeTransaction(family, this.#present, wanted);
    if (script === "") return;
    try {
      await this.#run(script);
      this.#present = wanted;
    } catch (error) {
      const wasChange = this.#present !== undefined;
      this.#present = undefined;
      // Someone else changed the table under us: write it whole, once.
      if (wasChange && error instanceof NftError) return this.apply(ports);
      throw error;
    }
  }

  async remove(): Promise<void> {
    const table = `${this.#options.family} ${tableName}`;
    this.#present = undefined;
    await this.#run(`add table ${table}\ndelete table ${table}\n`);
  }
}
