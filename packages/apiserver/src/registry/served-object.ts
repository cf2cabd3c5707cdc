/** One object at one revision, as JSON bytes and as a frozen value. Whichever is missing is made when first asked for, once. */

import {
  deepFreeze,
  internalError,
  type KubeObject,
  type ObjectMeta,
  parseJson,
  writeJson,
} from "@kubets/apimachinery";
import type { Entry } from "@kubets/storage";

const metadataOrder: readonly (keyof ObjectMeta)[] = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
];

/** How many parsed objects are kept: of those that nobody asked for lately the bytes are enough. About 10 MB when full. */
const maxWarm = 1024;
/** A large object takes the room of many. */
const bytesPerPlace = 16 * 1024;

/** The ones parsed last, in a ring. */
const warm: (ServedObject | undefined)[] = new Array(maxWarm).fill(undefined);
let nextWarm = 0;

const noLabels: Readonly<Record<string, string>> = Object.freeze({});

export class ServedObject {
  #bytes: Uint8Array | undefined;
  /** Kept for a while only; frozen when it is first given out. */
  #object: KubeObject | undefined;
  #frozen = false;
  #metadataBytes: Uint8Array | undefined;
  #versions: Map<string, ServedObject> | undefined;
  #forms: Map<string, { readonly of: object; readonly served: ServedObject }> | undefined;
  /** What selectors ask for outlives the parsed object, so that a selective list need not parse everything again. */
  #labels: Readonly<Record<string, string>> | undefined;
  #fields: Map<string, string> | undefined;
  /** When the object came into being; 0 for one that is not of the store. The same for all revisions and versions of it. */
  createRevision = 0;

  private constructor(bytes: Uint8Array | undefined, object: KubeObject | undefined) {
    this.#bytes = bytes;
    this.#object = object;
    if (object !== undefined) this.#warm();
  }

  static fromBytes(bytes: Uint8Array): ServedObject {
    return new ServedObject(bytes, undefined);
  }

  /** Takes `object` over: it must not be changed any more. */
  static fromObject(object: KubeObject): ServedObject {
    return new ServedObject(undefined, object);
  }

  /** Of an object whose bytes are made already; takes `object` over. */
  static fromBoth(bytes: Uint8Array, object: KubeObject): ServedObject {
    return new ServedObject(bytes, object);
  }

  /** The one ServedObject of a stored entry, kept in its memo. */
  static ofEntry(entry: Entry): ServedObject {
    if (entry.memo instanceof ServedObject) {
      entry.memo.createRevision = entry.createRevision;
      return entry.memo;
    }
    if (entry.unreadable !== undefined) throw internalError(entry.unreadable);
    const served = ServedObject.fromBytes(entry.value);
    served.createRevision = entry.createRevision;
    entry.memo = served;
    return served;
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      this.#bytes = Buffer.from(writeJson(this.#object));
      if (this.#bytes.length > bytesPerPlace) makeRoom(this.#bytes.length);
    }
    return this.#bytes;
  }

  /** Shared and frozen. */
  get object(): KubeObject {
    const object = this.toRead;
    if (!this.#frozen) {
      deepFreeze(object);
      this.#frozen = true;
    }
    return object;
  }

  /** The same, perhaps not frozen yet: for this package's own indexes, which look at every object and keep none. */
  get toRead(): KubeObject {
    if (this.#object === undefined) {
      this.#object = parseJson(Buffer.from(this.#bytes!).toString()) as KubeObject;
      this.#warm();
    }
    return this.#object;
  }

  get labels(): Readonly<Record<string, string>> {
    if (this.#object !== undefined) return this.#object.metadata?.labels ?? noLabels;
    this.#labels ??= this.object.metadata?.labels ?? noLabels;
    return this.#labels;
  }

  /** The value of a selectable field, by its name; `read` finds it. Asked for once. */
  field(name: string, read: (object: KubeObject) => string): string {
    let value = this.#fields?.get(name);
    if (value === undefined) {
      value = read(this.toRead);
      this.#fields ??= new Map();
      this.#fields.set(name, value);
    }
    return value;
  }

  #warm(): void {
    if (this.#bytes !== undefined && this.#bytes.length > bytesPerPlace) makeRoom(this.#bytes.length);
    warm[nextWarm]?.cool();
    warm[nextWarm] = this;
    nextWarm = (nextWarm + 1) % maxWarm;
  }

  /** Lets go of the parsed object; the bytes stay. */
  cool(): void {
    if (this.#object === undefined) return;
    this.#labels ??= this.labels;
    this.#bytes ??= Buffer.from(writeJson(this.#object));
    this.#object = undefined;
    this.#frozen = false;
    this.#metadataBytes = undefined;
  }

  /** As PartialObjectMetadata. */
  get metadataBytes(): Uint8Array {
    this.#metadataBytes ??= Buffer.from(writeJson(partialMetadata(this.object)));
    return this.#metadataBytes;
  }

  /** What {@link keepForm} kept for a version, if it was of the same schema. */
  formOf(apiVersion: string, of: object): ServedObject | undefined {
    const found = this.#forms?.get(apiVersion);
    return found?.of === of ? found.served : undefined;
  }

  /** Keeps this object as a version's schema has it, in place of what an earlier schema made of it. */
  keepForm(apiVersion: string, of: object, served: ServedObject): void {
    this.#forms ??= new Map();
    this.#forms.set(apiVersion, { of, served });
    served.createRevision = this.createRevision;
  }

  /** This object in another API version; made once. `convert` gives a new object. */
  inVersion(apiVersion: string, convert: (object: KubeObject) => KubeObject): ServedObject {
    this.#versions ??= new Map();
    let converted = this.#versions.get(apiVersion);
    if (converted === undefined) {
      converted = ServedObject.fromObject(ordered(convert(this.object)));
      converted.createRevision = this.createRevision;
      this.#versions.set(apiVersion, converted);
    }
    return converted;
  }
}

/** Takes the places that an object of so many bytes has beyond its one. */
function makeRoom(bytes: number): void {
  for (let left = Math.min(Math.floor(bytes / bytesPerPlace), maxWarm - 1); left > 0; left--) {
    warm[nextWarm]?.cool();
    warm[nextWarm] = undefined;
    nextWarm = (nextWarm + 1) % maxWarm;
  }
}

export function partialMetadata(object: KubeObject): KubeObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata ?? {} };
}

/** PartialObjectMetadata of one version of meta.k8s.io, as bytes. */
export function partialBytes(served: ServedObject, version: string): Uint8Array {
  if (version === "v1") return served.metadataBytes;
  return Buffer.from(writeJson({ ...partialMetadata(served.object), apiVersion: `meta.k8s.io/${version}` }));
}

/** A shallow copy with keys in upstream's order: kind, apiVersion, metadata, then the rest as it came. */
export function ordered(object: KubeObject): KubeObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    metadata: orderedMetadata(metadata ?? {}),
    ...rest,
  };
}

function orderedMetadata(metadata: ObjectMeta): ObjectMeta {
  const result: Record<string, unknown> = {};
  for (const key of metadataOrder) {
    const found = metadata[key];
    if (found !== undefined && found !== null) result[key] = found;
  }
  return result as ObjectMeta;
}

/** A copy of `object` at another revision; the rest is shared. */
export function atRevision(object: KubeObject, revision: number): KubeObject {
  return ordered({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}

/** A copy of `object` as it is stored where readers are told its revision from beside it. */
export function withoutRevision(object: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata ?? {};
  return ordered({ ...object, metadata });
}
