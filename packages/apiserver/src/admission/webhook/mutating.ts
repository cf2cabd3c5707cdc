/**
 * MutatingAdmissionWebhook: the webhooks that a request is for are asked one after the other, and each may change the object for those after it.
 * Source: apiserver's admission/plugin/webhook/mutating.
 */

import { mutatingWebhookConfigurations, type ResourceDefinition } from "@kubets/api";
import {
  applyJsonPatch,
  clone,
  deepEqual,
  internalError,
  type Json,
  messageOf,
  parseJson,
  writeJson,
} from "@kubets/apimachinery";
import { type Candidate, matchRequest } from "../matching/index.ts";
import type { AdmissionAttributes, AdmissionPlugin, MutationPass } from "../plugin.ts";
import { Reinvocation } from "../reinvocation.ts";
import { WorkingVersion } from "../versions.ts";
import { askWebhook, failedOpen, metered, type WebhookAdmissionOptions } from "./call.ts";
import { conditionsHold } from "./conditions.ts";
import { Configurations, type Hook } from "./configurations.ts";
import { FailedCall, failures } from "./errors.ts";
import type { Verdict } from "./review.ts";

const annotationPrefix = "mutation.webhook.admission.k8s.io/";
const patchPrefix = "patch.webhook.admission.k8s.io/";

export class MutatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = "MutatingAdmissionWebhook";
  readonly #options: WebhookAdmissionOptions;
  readonly #configurations: Configurations;

  constructor(options: WebhookAdmissionOptions) {
    this.#options = options;
    this.#configurations = new Configurations(options);
  }

  /** Must be called, and waited for, before it is asked. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#configurations.follow(this.#options.source.reader, mutatingWebhookConfigurations, signal);
  }

  handles(): boolean {
    return true;
  }

  mutate(attributes: AdmissionAttributes, pass: MutationPass): Promise<void> | undefined {
    const candidates = this.#configurations.table.candidates(attributes);
    if (candidates.length === 0 || this.#options.isUnasked?.(attributes)) return undefined;
    return this.#mutate(candidates, attributes, pass);
  }

  async #mutate(
    candidates: readonly Candidate<Hook>[],
    attributes: AdmissionAttributes,
    pass: MutationPass,
  ): Promise<void> {
    const reinvocation = Reinvocation.of(this.name, pass, attributes.object);
    const working = new WorkingVersion(this.#options.source, attributes);
    try {
      for (const candidate of candidates) {
        const current = { ...attributes, object: working.object };
        const as = await matchRequest(candidate, current, this.#options.source);
        if (as === undefined) continue;
        await this.#consider(candidate.value, as, attributes, working, reinvocation, pass);
      }
      await working.finish();
    } finally {
      reinvocation.left(attributes.object);
    }
  }

  async #consider(
    hook: Hook,
    as: ResourceDefinition,
    attributes: AdmissionAttributes,
    working: WorkingVersion,
    reinvocation: Reinvocation,
    pass: MutationPass,
  ): Promise<void> {
    const { webhook, conditions, uid } = hook;
    if (conditions !== undefined) {
      const presented = await working.as(as);
      if (!(await conditionsHold(conditions, attributes, presented, webhook.failurePolicy))) return;
    }
    if (reinvocation.isPassedOver(uid)) return;
    const round = `round_${pass.isReinvocation ? 1 : 0}_index_${hook.index}`;
    let changed = false;
    try {
      await working.as(as);
      changed = await metered(this.#options, hook, attributes, "admit", () =>
        this.#ask(hook, attributes, working, round),
      );
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error;
      if (webhook.failurePolicy !== "Ignore") throw internalError(error);
      failedOpen(this.#options.logger, attributes, hook, error, `failed-open.${annotationPrefix}${round}`);
    } finally {
      const said = { configuration: hook.configuration, webhook: webhook.name, mutated: changed };
      attributes.annotate(`${annotationPrefix}${round}`, writeJson(said));
    }
    reinvocation.taken(uid, changed, webhook.reinvocationPolicy === "IfNeeded");
  }

  /** @returns whether the object is another now */
  async #ask(hook: Hook, attributes: AdmissionAttributes, working: WorkingVersion, round: string): Promise<boolean> {
    const { webhook, configuration } = hook;
    const verdict = await askWebhook(this.#options, hook, attributes, working.presented, true);
    const operations = operationsOf(webhook.name, verdict);
    if (operations.length === 0) return false;
    if (working.object === undefined) {
      throw internalError(
        `admission webhook "${webhook.name}" attempted to modify the object, which is not supported for this operation`,
      );
    }
    if (verdict.patchType !== "JSONPatch") {
      throw new FailedCall(webhook.name, `unsupported patch type "${verdict.patchType}"`, 400);
    }
    const changed = patched(working, operations);
    const said = { configuration, webhook: webhook.name, patch: operations, patchType: "JSONPatch" };
    attributes.annotate(`${patchPrefix}${round}`, writeJson(said));
    return changed;
  }
}

/** @throws FailedCall for a patch that is none */
function operationsOf(webhook: string, { patch }: Verdict): readonly Json[] {
  if (patch === "") return [];
  let operations: unknown;
  try {
    operations = parseJson(patch);
  } catch (error) {
    throw failures.patch(webhook, messageOf(error));
  }
  if (operations === null) return [];
  if (!Array.isArray(operations)) {
    throw failures.patch(webhook, "json: cannot unmarshal into Go value of type jsonpatch.Patch");
  }
  return operations as Json[];
}

/** @returns whether it is another object now. @throws StatusError 500 for a patch that cannot be applied, or makes no such object */
function patched(working: WorkingVersion, operations: readonly Json[]): boolean {
  const before = working.object!;
  try {
    working.change(applyJsonPatch(clone(before) as unknown as Json, clone(operations) as Json));
  } catch (error) {
    throw internalError(error);
  }
  return !deepEqual(before, working.object);
}
