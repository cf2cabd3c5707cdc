/** What one CRD makes the server serve: a resource for each served version. */

import type { CustomResourceDefinition, ResourceDefinition, Verb } from "@kubets/api";
import { schemaSet } from "@kubets/api";
import { isCrdConditionTrue, storageVersionOf } from "@kubets/api/apiextensions";
import { deepEqual, forbidden, type KubeObject, type Random } from "@kubets/apimachinery";
import type { CelMetrics } from "../metrics/cel-metrics.ts";
import { AdmissionChain } from "../registry/admission-chain.ts";
import { Registry } from "../registry/registry.ts";
import type { RegistryHooks } from "../registry/write-request.ts";
import type { ServerContext } from "../server/context.ts";
import type { WebhookClient } from "../webhook/index.ts";
import { ConversionWebhook } from "./conversion-webhook.ts";
import { customDefinition } from "./custom-definition.ts";
import { CustomForm, type Versions } from "./custom-form.ts";
import { VersionSchema } from "./version-schema.ts";

export interface ServingOptions {
  readonly server: ServerContext;
  readonly random: Random;
  /** Without it no CRD converts by webhook. */
  readonly webhooks: Pick<WebhookClient, "call"> | undefined;
  readonly cel: CelMetrics | undefined;
}

export class ServedCrd {
  readonly #options: ServingOptions;
  #crd: CustomResourceDefinition;
  #definitions: ResourceDefinition[] = [];
  #storage: Registry | undefined;

  constructor(options: ServingOptions, crd: CustomResourceDefinition) {
    this.#options = options;
    this.#crd = crd;
    this.#serve();
  }

  get crd(): CustomResourceDefinition {
    return this.#crd;
  }

  /** Objects in the version they are stored in, whether it is served or not; undefined while nothing is served. */
  get storage(): Registry | undefined {
    return this.#storage;
  }

  /** Watches end where what they watch is not as it was; a new status alone changes nothing. */
  update(crd: CustomResourceDefinition): void {
    const before = this.#crd;
    this.#crd = crd;
    const same = deepEqual(before.spec, crd.spec) && deepEqual(before.status?.acceptedNames, crd.status?.acceptedNames);
    if (!same || isServable(before) !== isServable(crd)) this.#serve();
    else if (isTerminating(before) !== isTerminating(crd)) this.#options.server.resources.touch();
  }

  remove(): void {
    for (const definition of this.#definitions) this.#options.server.resources.remove(definition);
    this.#definitions = [];
    this.#storage = undefined;
  }

  #serve(): void {
    const crd = this.#crd;
    const before = this.#definitions;
    this.#definitions = [];
    if (isServable(crd)) this.#add(crd);
    for (const old of before) {
      if (!this.#definitions.some((each) => each.version === old.version && each.plural === old.plural)) {
        this.#options.server.resources.remove(old);
      }
    }
  }

  #add(crd: CustomResourceDefinition): void {
    const { resources } = this.#options.server;
    const versions = this.#versionsOf(crd);
    if (versions === undefined) return;
    const storedAs = this.#definition(versions.stored);
    const beginCreate = (object: KubeObject) => this.#refuseWhileTerminating(object.metadata?.name ?? "");
    for (const schema of versions.schemas.values()) {
      if (!schema.version.served) continue;
      const definition = schema === versions.stored ? storedAs : this.#definition(schema);
      const present = resources.get(definition.group, definition.version, definition.plural);
      // A built-in kind of the same name stays what is served.
      if (present !== undefined && present.definition.decode === undefined) continue;
      const form = new CustomForm(schema, versions);
      const hooks: RegistryHooks = { beginCreate, makeReady: () => schema.makeReady() };
      resources.add(definition, { schemas: schemaSet, storedAs, form, hooks });
      this.#definitions.push(definition);
    }
    this.#storage = this.#storageRegistry(storedAs, versions);
  }

  #definition(schema: VersionSchema): ResourceDefinition {
    const definition = customDefinition(this.#crd, schema);
    return { ...definition, discoveredVerbs: () => (isTerminating(this.#crd) ? lastVerbs : definition.verbs) };
  }

  #versionsOf(crd: CustomResourceDefinition): Versions | undefined {
    const stored = storageVersionOf(crd);
    if (stored === undefined) return undefined;
    const all = crd.spec!.versions.map((version) => new VersionSchema(crd, version, this.#options.cel));
    const schemas = new Map(all.map((schema) => [schema.apiVersion, schema]));
    const { webhooks, random } = this.#options;
    const { conversion } = crd.spec!;
    const webhook =
      conversion?.strategy === "Webhook" && conversion.webhook !== undefined && webhooks !== undefined
        ? new ConversionWebhook(webhooks, conversion.webhook, random)
        : undefined;
    return { schemas, stored: all.find(({ version }) => version.name === stored.name)!, webhook };
  }

  #storageRegistry(storedAs: ResourceDefinition, versions: Versions): Registry {
    const { store, clock, random } = this.#options.server;
    const admission = new AdmissionChain([]);
    const form = new CustomForm(versions.stored, { ...versions, webhook: undefined });
    const parts = { definition: storedAs, storedAs, form, store, clock, random, admission };
    return new Registry({ ...parts, convert: (object) => object, schemas: schemaSet, hooks: {} });
  }

  #refuseWhileTerminating(name: string): undefined {
    const { spec } = this.#crd;
    if (!isTerminating(this.#crd)) return undefined;
    const resource = { group: spec!.group, resource: spec!.names.plural };
    throw forbidden(resource, name, "create not allowed while custom resource definition is terminating");
  }
}

function isTerminating(crd: CustomResourceDefinition): boolean {
  return crd.metadata?.deletionTimestamp !== undefined || isCrdConditionTrue(crd, "Terminating");
}

/** What can still be done with objects of a definition that is being deleted. */
const lastVerbs: readonly Verb[] = ["delete", "deletecollection", "get", "list", "watch"];

/** Served from when its names are accepted, or ever were. */
function isServable(crd: CustomResourceDefinition): boolean {
  return isCrdConditionTrue(crd, "NamesAccepted") || isCrdConditionTrue(crd, "Established");
}
