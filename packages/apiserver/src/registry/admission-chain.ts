/**
 * All admission plugins as one: every mutating plugin in order, later every validating one. Which of them a kind of request concerns is found out
 * once, so that a request that concerns none costs a look into a map, and one that only concerns plugins that do not wait costs no promise.
 */

import type { ResourceDefinition } from "@kubets/api";
import { type Clock, realClock } from "@kubets/apimachinery";
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin, MutationPass } from "../admission/plugin.ts";
import { AdmissionMetrics, type AdmissionTimes, type AdmissionType } from "../metrics/admission-metrics.ts";

/** The plugins of one step, and how long each takes, and all of them. */
interface Step {
  readonly plugins: readonly AdmissionPlugin[];
  readonly times: readonly AdmissionTimes[];
  readonly whole: AdmissionTimes;
  readonly clock: Clock;
}

interface Selected {
  readonly mutating: Step;
  readonly validating: Step;
}

type Kinds = Pick<AdmissionAttributes, "definition" | "operation" | "subresource">;

export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #metrics: AdmissionMetrics;
  readonly #clock: Clock;
  /** By definition, for the definitions of custom resources come and go, then by `OPERATION/subresource`. */
  readonly #selected = new WeakMap<ResourceDefinition, Map<string, Selected>>();

  constructor(
    plugins: readonly AdmissionPlugin[],
    metrics: AdmissionMetrics = new AdmissionMetrics(),
    clock: Clock = realClock,
  ) {
    this.#plugins = plugins;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Undefined when nothing had to be waited for. @throws StatusError the first refusal */
  mutate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { mutating } = this.#select(attributes);
    if (mutating.plugins.length === 0) return undefined;
    const pass = new Pass();
    const waiting = run(mutating, (plugin) => plugin.mutate!(attributes, pass));
    if (waiting !== undefined) return waiting.then(() => again(mutating, attributes, pass));
    return again(mutating, attributes, pass);
  }

  /** Undefined when nothing had to be waited for. @throws StatusError the first refusal */
  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { validating } = this.#select(attributes);
    if (validating.plugins.length === 0) return undefined;
    return run(validating, (plugin) => plugin.validate!(attributes));
  }

  #select({ definition, operation, subresource }: Kinds): Selected {
    let known = this.#selected.get(definition);
    if (known === undefined) {
      known = new Map();
      this.#selected.set(definition, known);
    }
    const key = subresource === "" ? operation : `${operation}/${subresource}`;
    let selected = known.get(key);
    if (selected === undefined) {
      selected = this.#selectAnew(definition, operation, subresource);
      known.set(key, selected);
    }
    return selected;
  }

  #selectAnew(definition: ResourceDefinition, operation: AdmissionOperation, subresource: string): Selected {
    const concerned = this.#plugins.filter(
      (plugin) => plugin.handles(operation) && (plugin.concerns?.(definition, operation, subresource) ?? true),
    );
    return {
      mutating: this.#step(
        concerned.filter(({ mutate }) => mutate !== undefined),
        "admit",
        operation,
      ),
      validating: this.#step(
        concerned.filter(({ validate }) => validate !== undefined),
        "validate",
        operation,
      ),
    };
  }

  #step(plugins: readonly AdmissionPlugin[], type: AdmissionType, operation: AdmissionOperation): Step {
    return {
      plugins,
      times: plugins.map(({ name }) => this.#metrics.controller(name, type, operation)),
      whole: this.#metrics.step(type, operation),
      clock: this.#clock,
    };
  }
}

class Pass implements MutationPass {
  isReinvocation = false;
  isReinvocationWanted = false;
  #memory: Map<string, unknown> | undefined;

  requestReinvocation(): void {
    this.isReinvocationWanted = true;
  }

  get memory(): Map<string, unknown> {
    this.#memory ??= new Map();
    return this.#memory;
  }
}

function again(step: Step, attributes: AdmissionAttributes, pass: Pass): Promise<void> | undefined {
  if (!pass.isReinvocationWanted) return undefined;
  pass.isReinvocation = true;
  return run(step, (plugin) => plugin.mutate!(attributes, pass));
}

type Ask = (plugin: AdmissionPlugin) => Promise<void> | void;

function run(step: Step, ask: Ask): Promise<void> | undefined {
  const start = step.clock.monotonic();
  return runFrom(step, 0, start, start, ask);
}

/** One plugin after the other. @param start when the step began @param since when plugin `first` did */
function runFrom(step: Step, first: number, start: number, since: number, ask: Ask): Promise<void> | undefined {
  const { plugins, times, whole, clock } = step;
  let last = since;
  const refused = (index: number, error: unknown): never => {
    const now = clock.monotonic();
    times[index]!.rejected.observe((now - last) / 1000);
    whole.rejected.observe((now - start) / 1000);
    throw error;
  };
  for (let i = first; i < plugins.length; i++) {
    let waiting: Promise<void> | void;
    try {
      waiting = ask(plugins[i]!);
    } catch (error) {
      return refused(i, error);
    }
    if (waiting) {
      return waiting.then(
        () => {
          const now = clock.monotonic();
          times[i]!.admitted.observe((now - last) / 1000);
          return runFrom(step, i + 1, start, now, ask);
        },
        (error: unknown) => refused(i, error),
      );
    }
    const now = clock.monotonic();
    times[i]!.admitted.observe((now - last) / 1000);
    last = now;
  }
  whole.admitted.observe((last - start) / 1000);
  return undefined;
}
