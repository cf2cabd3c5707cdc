/** What writes of CRDs need besides their strategy. The engines (RE2, CEL) are loaded when the first CRD is written. */

import type { CustomResourceDefinition, ResourceDefinition } from "@kubets/api";
import {
  crdDefinitionWith,
  customResourceCleanupFinalizer,
  type SchemaChecks,
  setCrdCondition,
} from "@kubets/api/apiextensions";
import type { Clock, KubeObject } from "@kubets/apimachinery";
import type { RegistryHooks } from "../registry/write-request.ts";

export const crdResource = "apiextensions.k8s.io/customresourcedefinitions";

let loaded: SchemaChecks | undefined;

async function load(): Promise<undefined> {
  loaded ??= (await import("./crd-checks.ts")).crdChecks;
  return undefined;
}

function need(): SchemaChecks {
  if (loaded === undefined) throw new Error("a CustomResourceDefinition is validated before its hooks ran");
  return loaded;
}

const checks: SchemaChecks = {
  patternFault: (pattern) => need().patternFault(pattern),
  validateDefaults: (schema, at, requirePruned) => need().validateDefaults(schema, at, requirePruned),
  hasUnprunedDefaults: (schema) => need().hasUnprunedDefaults(schema),
  compileRules: (schema, isResourceRoot) => need().compileRules(schema, isResourceRoot),
};

/** `definitions` with the one of CRDs replaced by one that checks everything. */
export function withCrdChecks(definitions: Iterable<ResourceDefinition>): ResourceDefinition[] {
  return [...definitions].map((definition) =>
    `${definition.group}/${definition.plural}` === crdResource
      ? (crdDefinitionWith(checks) as unknown as ResourceDefinition)
      : definition,
  );
}

export function crdHooks(clock: Clock): RegistryHooks {
  return {
    beginCreate: () => (loaded === undefined ? load() : undefined),
    beginUpdate: () => (loaded === undefined ? load() : undefined),
    // Whatever it says, its objects go first.
    heldBack: (object) => object.metadata?.deletionTimestamp === undefined,
    markDeleting: (object) => markDeleting(object as CustomResourceDefinition, clock),
  };
}

function markDeleting(crd: CustomResourceDefinition, clock: Clock): void {
  const metadata: NonNullable<KubeObject["metadata"]> = crd.metadata!;
  const finalizers = metadata.finalizers ?? [];
  if (!finalizers.includes(customResourceCleanupFinalizer)) {
    metadata.finalizers = [...finalizers, customResourceCleanupFinalizer];
  }
  const message = "CustomResource marked for deletion; CustomResource deletion will begin soon";
  setCrdCondition(
    crd,
    { type: "Terminating", status: "True", reason: "InstanceDeletionPending", message },
    clock.now(),
  );
}
