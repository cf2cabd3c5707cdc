/** Which steps of a mutating plugin are to be taken again in the second pass. Source: apiserver's admission/plugin/webhook/mutating/reinvocationcontext.go. */

import { clone, deepEqual, type KubeObject } from "@kubets/apimachinery";
import type { MutationPass } from "./plugin.ts";

/** What one plugin keeps of a request from the first pass to the second. A step is a webhook, or a policy with a binding and a parameter. */
export class Reinvocation {
  readonly #pass: MutationPass;
  /** The object as the plugin left it in the first pass. */
  #output: KubeObject | undefined;
  /** Steps that may be taken again and were taken. */
  readonly #taken = new Set<string>();
  /** Those of them after which the object has changed. */
  readonly #again = new Set<string>();

  private constructor(pass: MutationPass) {
    this.#pass = pass;
  }

  /** The plugin's, as the pass begins with this object. */
  static of(plugin: string, pass: MutationPass, object: KubeObject | undefined): Reinvocation {
    let found = pass.memory.get(plugin) as Reinvocation | undefined;
    if (found === undefined) {
      found = new Reinvocation(pass);
      pass.memory.set(plugin, found);
    }
    // Another plugin has changed it meanwhile.
    if (pass.isReinvocation && !deepEqual(found.#output, object)) found.#requireAgain();
    return found;
  }

  /** Asked again, and not for the first time: what was passed over in the first pass stays so. */
  isPassedOver(step: string): boolean {
    return this.#pass.isReinvocation && !this.#again.has(step);
  }

  /** @param changed the object is another now: whoever was asked before may have to be asked again. @param mayAgain `reinvocationPolicy: IfNeeded` */
  taken(step: string, changed: boolean, mayAgain: boolean): void {
    if (changed) {
      this.#requireAgain();
      this.#pass.requestReinvocation();
    }
    if (mayAgain) this.#taken.add(step);
  }

  /** The pass is over. Only steps that may be taken again want to know what it left. */
  left(object: KubeObject | undefined): void {
    if (this.#taken.size > 0) this.#output = clone(object);
  }

  #requireAgain(): void {
    for (const step of this.#taken) this.#again.add(step);
    this.#taken.clear();
  }
}
