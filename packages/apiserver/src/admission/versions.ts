/** The objects of a request in the versions that webhooks and policies ask for. */

import type { ResourceDefinition } from "@kubets/api";
import { internalError, type KubeObject } from "@kubets/apimachinery";
import { decodeObject } from "../request/decode-object.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import type { PresentedObjects } from "./cel/index.ts";
import type { AdmissionAttributes } from "./plugin.ts";

/** What the server serves. */
interface Served {
  resources(): ResourceTable;
}

/** As they were sent: in each version that is asked for, converted once. */
export class Versions {
  readonly #source: Served;
  readonly #attributes: AdmissionAttributes;
  readonly #known = new Map<ResourceDefinition, PresentedObjects>();

  constructor(source: Served, attributes: AdmissionAttributes) {
    this.#source = source;
    this.#attributes = attributes;
  }

  /** @throws StatusError 500 when they cannot be converted */
  async as(as: ResourceDefinition): Promise<PresentedObjects> {
    const found = this.#known.get(as);
    if (found !== undefined) return found;
    const { definition, object, oldObject, kind } = this.#attributes;
    const resources = this.#source.resources();
    const convert = (each: typeof object) => (kind === undefined ? converted(resources, each, definition, as) : each);
    const presented = { as, object: await convert(object), oldObject: await convert(oldObject) };
    this.#known.set(as, presented);
    return presented;
  }
}

/** On their way through those who change the object, one after the other: in the version of whoever looked last, and back at the end. */
export class WorkingVersion {
  readonly #source: Served;
  readonly #attributes: AdmissionAttributes;
  #as: ResourceDefinition;
  #object: KubeObject | undefined;
  #oldObject: KubeObject | undefined;
  #dirty = false;

  constructor(source: Served, attributes: AdmissionAttributes) {
    this.#source = source;
    this.#attributes = attributes;
    this.#as = attributes.definition;
    this.#object = attributes.object;
    this.#oldObject = attributes.oldObject;
  }

  get object(): KubeObject | undefined {
    return this.#object;
  }

  get presented(): PresentedObjects {
    return { as: this.#as, object: this.#object, oldObject: this.#oldObject };
  }

  /** @throws StatusError 500 when they cannot be converted */
  async as(as: ResourceDefinition): Promise<PresentedObjects> {
    if (as !== this.#as && this.#attributes.kind === undefined) {
      const { definition, oldObject } = this.#attributes;
      this.#object = await converted(this.#source.resources(), this.#object, this.#as, as);
      this.#oldObject = await converted(this.#source.resources(), oldObject, definition, as);
    }
    this.#as = as;
    return this.presented;
  }

  /** @param changed the object, in the present version, as someone has made it. @throws StatusError when it is no such object */
  change(changed: unknown): void {
    this.#object = redecoded(this.#source.resources(), changed, this.#as, this.#attributes);
    this.#dirty = true;
  }

  /** Gives the request the object as it is now. */
  async finish(): Promise<void> {
    const { definition, object } = this.#attributes;
    if (!this.#dirty || object === undefined) return;
    await this.as(definition);
    replaceContents(object, this.#object!);
  }
}

/** A new object of `to`'s version, or the same one when it is of that version. */
async function converted(
  resources: ResourceTable,
  object: KubeObject | undefined,
  from: ResourceDefinition,
  to: ResourceDefinition,
): Promise<KubeObject | undefined> {
  if (object === undefined || from === to) return object;
  const target = resources.get(to.group, to.version, to.plural);
  if (target === undefined) throw internalError(`unable to convert to ${to.group}/${to.version}: unknown kind`);
  try {
    return await target.registry.converted(object);
  } catch (error) {
    throw internalError(error);
  }
}

/** What a patch made, as an object of its kind: decoded leniently and with defaults. Objects that subresources have of their own are as they are. */
function redecoded(
  resources: ResourceTable,
  value: unknown,
  definition: ResourceDefinition,
  { kind, warn }: Pick<AdmissionAttributes, "kind" | "warn">,
): KubeObject {
  if (kind !== undefined) return value as KubeObject;
  const { schemas } = resources.get(definition.group, definition.version, definition.plural)!.registry;
  return decodeObject({ value, duplicates: [] }, { definition, schemas, fieldValidation: "Ignore", warn });
}

/** Makes `target` hold what `source` holds: a request's object stays the same one for everyone who has it. */
function replaceContents(target: KubeObject, source: KubeObject): void {
  if (target === source) return;
  const fields = target as Record<string, unknown>;
  for (const name of Object.keys(fields)) delete fields[name];
  Object.assign(fields, source);
}
