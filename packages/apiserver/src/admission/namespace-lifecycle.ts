/** Nothing is created in a namespace that is not there or is going. Source: apiserver's admission/plugin/namespace/lifecycle. */

import { type Namespace, namespaces } from "@kubets/api";
import { type Clock, forbidden, notFound, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);
/** For so long after its deletion was asked for here, a namespace that still seems active is looked up in the store. */
const forceLiveLookupMs = 30_000;
const maxForced = 100;
/** A watch may be a moment behind the namespace's creation by another server. */
const missingNamespaceWaitMs = 50;

export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = "NamespaceLifecycle";
  readonly #lister: Lister<Namespace>;
  readonly #reader: ObjectReader;
  readonly #clock: Clock;
  /** When the deletion of each was asked for, oldest first. */
  readonly #deletedAt = new Map<string, number>();

  constructor(lister: Lister<Namespace>, reader: ObjectReader, clock: Clock) {
    this.#lister = lister;
    this.#reader = reader;
    this.#clock = clock;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "DELETE";
  }

  concerns(definition: AdmissionAttributes["definition"], operation: AdmissionAttributes["operation"]): boolean {
    if (operation === "DELETE") return definition.kind === "Namespace" && definition.group === "";
    // An access review that told of missing namespaces would tell who may not know.
    return definition.namespaced && !isAccessReview(definition);
  }

  mutate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { operation, namespace, name } = attributes;
    if (operation === "DELETE") {
      if (immortal.has(name))
        throw forbidden({ group: "", resource: "namespaces" }, name, "this namespace may not be deleted");
      this.#noteDeletion(name);
      return undefined;
    }
    if (namespace === "") return undefined;
    const found = this.#lister.get("", namespace);
    if (found === undefined) return this.#awaitNamespace(attributes);
    if (isTerminating(found)) throw terminating(attributes);
    return this.#isForced(namespace) ? this.#checkLive(attributes) : undefined;
  }

  #noteDeletion(name: string): void {
    this.#deletedAt.delete(name);
    this.#deletedAt.set(name, this.#clock.monotonic());
    if (this.#deletedAt.size <= maxForced) return;
    const [oldest] = this.#deletedAt.keys();
    this.#deletedAt.delete(oldest!);
  }

  #isForced(name: string): boolean {
    if (this.#deletedAt.size === 0) return false;
    const since = this.#deletedAt.get(name);
    if (since === undefined) return false;
    if (this.#clock.monotonic() - since < forceLiveLookupMs) return true;
    this.#deletedAt.delete(name);
    return false;
  }

  async #awaitNamespace(attributes: AdmissionAttributes): Promise<void> {
    await this.#clock.sleep(missingNamespaceWaitMs, attributes.client.signal);
    const found = this.#lister.get("", attributes.namespace);
    if (found === undefined) await this.#checkLive(attributes);
    else if (isTerminating(found)) throw terminating(attributes);
  }

  async #checkLive(attributes: AdmissionAttributes): Promise<void> {
    const found = await this.#reader.get(namespaces, "", attributes.namespace);
    if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, attributes.namespace);
    if (isTerminating(found)) throw terminating(attributes);
  }
}

function isTerminating({ status }: Namespace): boolean {
  return status?.phase === "Terminating";
}

function isAccessReview({ group, plural }: AdmissionAttributes["definition"]): boolean {
  return group === "authorization.k8s.io" && plural === "localsubjectaccessreviews";
}

function terminating(attributes: AdmissionAttributes): StatusError {
  const { namespace } = attributes;
  const { status, message } = refuse(
    attributes,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  return new StatusError(403, "Forbidden", message, { details: { ...status.details, causes: [cause] } });
}
