/** How objects of one served version of a CRD are read from and written to the store: as their schema has them now, in whatever version they are. */

import { schemaSet } from "@kubets/api";
import { clone, type KubeObject, type OtherVersion } from "@kubets/apimachinery";
import { ordered, ServedObject } from "../registry/served-object.ts";
import type { StoredForm } from "../registry/stored-form.ts";
import { coerce } from "./coerce.ts";
import type { ConversionWebhook } from "./conversion-webhook.ts";
import type { JsonObject } from "./schema-node.ts";
import type { VersionSchema } from "./version-schema.ts";

export interface Versions {
  /** By apiVersion; all that the CRD has. */
  readonly schemas: ReadonlyMap<string, VersionSchema>;
  readonly stored: VersionSchema;
  /** Undefined where versions differ in their names only. */
  readonly webhook: ConversionWebhook | undefined;
}

export class CustomForm implements StoredForm {
  readonly #schema: VersionSchema;
  readonly #versions: Versions;

  constructor(schema: VersionSchema, versions: Versions) {
    this.#schema = schema;
    this.#versions = versions;
  }

  read(stored: ServedObject): ServedObject {
    const { apiVersion } = this.#schema;
    const known = stored.formOf(apiVersion, this);
    if (known !== undefined) return known;
    const object = clone(stored.object);
    const same = object.apiVersion === apiVersion;
    if (!same && this.#versions.webhook !== undefined) throw new Error(`${object.apiVersion} was not converted`);
    const changed = this.#asStored(object);
    if (!same) {
      object.apiVersion = apiVersion;
      shape(object, this.#schema, false);
    }
    const served = same && !changed ? stored : ServedObject.fromObject(ordered(object));
    stored.keepForm(apiVersion, this, served);
    return served;
  }

  prepare(stored: readonly ServedObject[]): Promise<void> | undefined {
    const { webhook } = this.#versions;
    if (webhook === undefined) return undefined;
    const { apiVersion } = this.#schema;
    const waiting = stored.filter(
      (each) => each.formOf(apiVersion, this) === undefined && each.object.apiVersion !== apiVersion,
    );
    return waiting.length === 0 ? undefined : this.#convert(webhook, waiting);
  }

  async #convert(webhook: ConversionWebhook, stored: readonly ServedObject[]): Promise<void> {
    const { apiVersion } = this.#schema;
    const objects = stored.map((each) => {
      const object = clone(each.object);
      this.#asStored(object);
      return object;
    });
    const converted = await webhook.convert(objects, apiVersion);
    for (const [i, object] of converted.entries()) {
      shape(object, this.#schema, false);
      stored[i]!.keepForm(apiVersion, this, ServedObject.fromObject(ordered(object)));
    }
  }

  toStored(object: KubeObject): KubeObject | Promise<KubeObject> {
    const { stored, webhook } = this.#versions;
    if (stored.apiVersion === this.#schema.apiVersion) return object;
    if (webhook !== undefined) return this.#toStoredBy(webhook, object, stored);
    const copy = { ...clone(object), apiVersion: stored.apiVersion };
    shape(copy, stored, false);
    return copy;
  }

  async #toStoredBy(webhook: ConversionWebhook, object: KubeObject, stored: VersionSchema): Promise<KubeObject> {
    const [converted] = await webhook.convert([object], stored.apiVersion);
    shape(converted!, stored, false);
    return converted!;
  }

  /** Objects differ in their name alone here: a webhook cannot be asked in the middle of a write. */
  otherVersion(apiVersion: string): OtherVersion | undefined {
    const other = this.#versions.schemas.get(apiVersion);
    if (other === undefined) return undefined;
    const own = this.#schema.apiVersion;
    return {
      schema: other.merged,
      set: schemaSet,
      from: (object) => ({ ...object, apiVersion }),
      back: (object) => ({ ...object, apiVersion: own }),
    };
  }

  isCurrent(stored: ServedObject): boolean {
    const { apiVersion } = this.#versions.stored;
    if (stored.object.apiVersion !== apiVersion) return false;
    if (apiVersion === this.#schema.apiVersion) return this.read(stored) === stored;
    return !this.#asStored(clone(stored.object));
  }

  written(stored: ServedObject): void {
    const { apiVersion } = this.#schema;
    if (this.#versions.stored.apiVersion === apiVersion) stored.keepForm(apiVersion, this, stored);
  }

  /** Pruned and filled in by the schema of the version it is in. */
  #asStored(object: KubeObject): boolean {
    const schema = this.#versions.schemas.get(object.apiVersion ?? "");
    return schema === undefined ? false : shape(object, schema, true);
  }
}

function shape(object: KubeObject, { node, preserveUnknownFields }: VersionSchema, defaults: boolean): boolean {
  const options = { strict: false, prune: !preserveUnknownFields, defaults };
  const { changed } = coerce(object as unknown as JsonObject, node, options);
  // Objects from before there were generations.
  const { metadata } = object;
  if (!defaults || metadata === undefined || metadata.generation !== undefined) return changed;
  metadata.generation = 1;
  return true;
}
