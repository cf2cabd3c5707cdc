/**
 * Who changes an object's owners may delete it, and who blocks an owner's deletion may set the owner's finalizers.
 * Source: kubernetes' plugin/pkg/admission/gc.
 */

import { deepEqual, type KubeObject, type OwnerReference, parseApiVersion } from "@kubets/apimachinery";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import type { AdmissionCluster } from "./cluster.ts";
import { refuse } from "./errors.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

export class OwnerReferencesPermissionEnforcement implements AdmissionPlugin {
  readonly name = "OwnerReferencesPermissionEnforcement";
  readonly #authorizer: Authorizer;
  readonly #cluster: Pick<AdmissionCluster, "resourcesOfKind">;

  constructor(authorizer: Authorizer, cluster: Pick<AdmissionCluster, "resourcesOfKind">) {
    this.#authorizer = authorizer;
    this.#cluster = cluster;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  /** A pod's status cannot change its owners. */
  concerns({ group, plural }: AdmissionAttributes["definition"], _operation: string, subresource: string): boolean {
    return !(group === "" && plural === "pods" && subresource === "status");
  }

  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { object, oldObject } = attributes;
    const [wanted, before] = [ownersOf(object), ownersOf(oldObject)];
    if (wanted.length === 0 && before.length === 0) return undefined;
    return deepEqual(wanted, before) ? undefined : this.#check(attributes, wanted, before);
  }

  async #check(
    attributes: AdmissionAttributes,
    wanted: readonly OwnerReference[],
    before: readonly OwnerReference[],
  ): Promise<void> {
    if (attributes.operation !== "CREATE") {
      const { decision, reason } = await this.#authorizer.authorize(deletionOf(attributes));
      if (decision !== "Allow")
        throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
    }
    const blocking = newlyBlocking(wanted, before);
    if (blocking.length === 0 || (await this.#mayFinalizeAnything(attributes))) return;
    for (const ref of blocking) await this.#checkOwner(attributes, ref);
  }

  async #mayFinalizeAnything({ user }: AdmissionAttributes): Promise<boolean> {
    const everything = { apiGroup: "*", apiVersion: "*", resource: "*", name: "*", namespace: "" };
    return (await this.#authorizer.authorize(finalizing(user, everything))).decision === "Allow";
  }

  async #checkOwner(attributes: AdmissionAttributes, ref: OwnerReference): Promise<void> {
    const { group, version } = parseApiVersion(ref.apiVersion) ?? { group: "", version: ref.apiVersion };
    const served = this.#cluster.resourcesOfKind(group, version, ref.kind);
    if (served.length === 0) {
      const none = `no matches for kind ${JSON.stringify(ref.kind)} in version ${JSON.stringify(ref.apiVersion)}`;
      throw refuse(
        attributes,
        `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${ref.apiVersion} Kind ${ref.kind}: ${none}`,
      );
    }
    for (const { plural, namespaced } of served) {
      const owner = { apiGroup: group, apiVersion: version, resource: plural, name: ref.name };
      const namespace = namespaced ? attributes.namespace : "";
      const { decision, reason } = await this.#authorizer.authorize(
        finalizing(attributes.user, { ...owner, namespace }),
      );
      if (decision === "Allow") continue;
      throw refuse(
        attributes,
        `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
      );
    }
  }
}

function ownersOf(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata?.ownerReferences ?? [];
}

/** New references that block, and those that did not before. */
function newlyBlocking(wanted: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] {
  const blockedBefore = new Set(before.filter((ref) => ref.blockOwnerDeletion).map(({ uid }) => uid));
  return wanted.filter(({ blockOwnerDeletion, uid }) => blockOwnerDeletion && !blockedBefore.has(uid));
}

function deletionOf({ definition, user, namespace, name, subresource }: AdmissionAttributes): AuthorizationAttributes {
  return {
    user,
    verb: "delete",
    isResourceRequest: true,
    namespace,
    apiGroup: definition.group,
    apiVersion: definition.version,
    resource: definition.plural,
    subresource,
    name,
    path: "",
  };
}

function finalizing(
  user: AdmissionAttributes["user"],
  owner: Pick<AuthorizationAttributes, "apiGroup" | "apiVersion" | "resource" | "name" | "namespace">,
): AuthorizationAttributes {
  return { ...owner, user, verb: "update", subresource: "finalizers", isResourceRequest: true, path: "" };
}
