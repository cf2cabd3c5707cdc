/** What writes of CRDs need besides their strategy. The engines (RE2, CEL) are loaded when the first CRD is written. */

import type { CustomResourceDefinition, ResourceDefinition } from "@kubets/api";
import {
  crdDefinitionWith,
  customResourceCleanupFinalizer,
  type SchemaChecks,
  setCrdCondition,
} from "@kubets/api/apiextensions";
import { type Clock, forbiddenField, invalid, type KubeObject, messageOf, path } from "@kubets/apimachinery";
import type { Finish, RegistryHooks } from "../registry/write-request.ts";

export const crdResource = "apiextensions.k8s.io/customresourcedefinitions";

type Engines = typeof import("./crd-checks.ts");
let loaded: Engines | undefined;

/**
 * Compiles patterns and rules ahead of their validation, which cannot let others have their turn.
 * @returns forgets the rules
 * @throws StatusError 422 for more patterns than can be compiled while others wait
 */
async function prepare(crd: KubeObject): Promise<Finish> {
  loaded ??= await import("./crd-checks.ts");
  try {
    await loaded.preparePatterns(crd);
  } catch (error) {
    const { name = "" } = crd.metadata ?? {};
    throw invalid("apiextensions.k8s.io", "CustomResourceDefinition", name, [
      forbiddenField(path("spec.versions"), messageOf(error)),
    ]);
  }
  return await loaded.prepareRules(crd as CustomResourceDefinition);
}

function need(): SchemaChecks {
  if (loaded === undefined) throw new Error("a CustomResourceDefinition is validated before its hooks ran");
  return loaded.crdChecks;
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
    beginCreate: (object) => prepare(object),
    beginUpdate: (object) => prepare(object),
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
  const message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
  setCrdCondition(
    crd,
    { type: "Terminating", status: "True", reason: "InstanceDeletionPending", message },
    clock.now(),
  );
}
