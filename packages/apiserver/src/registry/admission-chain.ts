/** All admission plugins as one: every mutating plugin in order, later every validating one. */

import type { AdmissionAttributes, AdmissionPlugin } from "../admission/plugin.ts";

export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** @throws StatusError the first refusal */
  async mutate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      if (plugin.mutate !== undefined && plugin.handles(attributes.operation)) await plugin.mutate(attributes);
    }
  }

  /** @throws StatusError the first refusal */
  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) {
      if (plugin.validate !== undefined && plugin.handles(attributes.operation)) await plugin.validate(attributes);
    }
  }
}
