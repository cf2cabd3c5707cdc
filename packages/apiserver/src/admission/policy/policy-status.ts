/**
 * Writes what type checking finds into the status of ValidatingAdmissionPolicies. Upstream does it in kube-controller-manager; here the API
 * server does, which knows the types. Source: pkg/controller/validatingadmissionpolicystatus.
 */

import { type ValidatingAdmissionPolicy, validatingAdmissionPolicies } from "@kubets/api";
import { type Clock, isNotFound, type Logger } from "@kubets/apimachinery";
import type { InProcessTransport } from "../../server/in-process.ts";
import type { MatchSource } from "../matching/index.ts";
import { nameOf } from "./policies.ts";
import { checkTypes } from "./type-checking.ts";

export interface PolicyStatusOptions {
  readonly source: MatchSource;
  readonly transport: InProcessTransport;
  readonly clock: Clock;
  readonly logger: Logger;
}

const fieldManager = "validatingadmissionpolicy-status-controller";
const retryMs = 1000;

/** Until `signal` aborts. Waits for changes; does nothing meanwhile. */
export async function keepPolicyStatus(options: PolicyStatusOptions, signal: AbortSignal): Promise<void> {
  const { source, clock, logger } = options;
  const waiting = new Map<string, ValidatingAdmissionPolicy>();
  let wake = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => wake.resolve(), { once: true });
  const handler = {
    put(policy: ValidatingAdmissionPolicy) {
      if ((policy.metadata?.generation ?? 0) <= (policy.status?.observedGeneration ?? 0)) return;
      waiting.set(nameOf(policy), policy);
      wake.resolve();
    },
    remove(policy: ValidatingAdmissionPolicy) {
      waiting.delete(nameOf(policy));
    },
  };
  await source.reader.subscribe(validatingAdmissionPolicies, handler, signal);
  while (!signal.aborted) {
    const [next] = waiting;
    if (next === undefined) {
      wake = Promise.withResolvers();
      await wake.promise;
      continue;
    }
    const [name, policy] = next;
    waiting.delete(name);
    try {
      await writeStatus(options, policy);
    } catch (err) {
      if (signal.aborted || isNotFound(err)) continue;
      logger.warn("A policy's status could not be written", { name, err });
      if (!waiting.has(name)) waiting.set(name, policy);
      await clock.sleep(retryMs, signal).catch(() => {});
    }
  }
}

async function writeStatus({ source, transport }: PolicyStatusOptions, policy: ValidatingAdmissionPolicy) {
  const cel = await import("@kubets/cel");
  const expressionWarnings = await checkTypes(cel, policy, source.resources());
  const name = nameOf(policy);
  const { group, version, plural } = validatingAdmissionPolicies;
  await transport.request({
    method: "PATCH",
    path: `/apis/${group}/${version}/${plural}/${name}/status`,
    query: { fieldManager, force: "true" },
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: `${group}/${version}`,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      status: {
        observedGeneration: policy.metadata?.generation ?? 0,
        typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings },
      },
    },
  });
}
