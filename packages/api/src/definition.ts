/**
 * A resource definition: everything about a kind in one place, pure. The generic registry in apiserver reads it; a CustomResourceDefinition
 * becomes the same thing at run time, so custom resources are no second path.
 */

import type { FieldError, KubeObject, Schema } from "@kubets/apimachinery";

/** What a resource can be asked for, in the words of discovery and RBAC. */
export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** What a strategy may know of the request. Times are epoch milliseconds. */
export interface StrategyContext {
  readonly now: number;
  readonly uuid: () => string;
  /** Uniform in [0, 1): for generated names and node ports. */
  readonly random: () => number;
  /** For what a strategy does per user, such as CSR's `spec.username`. */
  readonly user?: {
    readonly name: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/**
 * A kind's rules. Objects passed as `object` are private mutable copies that a method may change; `old` is shared and frozen.
 * The registry does what is common to all kinds: name, generateName, namespace, uid, creationTimestamp, resourceVersion, deletion, managed fields,
 * metadata validation, and immutability of metadata. A strategy adds the kind's own.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Fills in defaults, in place, as upstream's SetDefaults_* do. Runs after decoding of every request body and of stored objects. */
  setDefaults?(object: T): void;
  /** Clears what a creator may not set (status), sets `metadata.generation = 1` where the kind has generations, fills in what the server owns. */
  prepareForCreate?(object: T, context: StrategyContext): void;
  validate?(object: T): FieldError[];
  /** Keeps what an update may not change (status), raises `metadata.generation` when the spec changed. */
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  validateUpdate?(object: T, old: T): FieldError[];
  /** Warning header texts for a create or update. */
  warnings?(object: T, old: T | undefined): string[];
  /** Names are checked with this; the default is a DNS-1123 subdomain. Returns complaints. */
  validateName?(name: string, isPrefix: boolean): string[];
  /** PUT to a name that is not there creates it. Default false. */
  readonly allowCreateOnUpdate?: boolean;
  /** Dotted names of fields that no client's write of the main resource changes: nobody comes to own them so. Default the status, where there is one. */
  readonly resetFields?: readonly string[];
  /** PUT without a resourceVersion overwrites. Default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** The grace period a delete gets, in seconds; undefined for kinds that are deleted at once. Only Pods have one upstream. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined;
}

/** `/status`: takes the status (and metadata that may change), keeps the spec. */
export interface StatusStrategy<T extends KubeObject = KubeObject> {
  /** As the main resource's. Default `spec`. */
  readonly resetFields?: readonly string[];
  /** The only fields that a write of it changes, with all below them; `*` stands for any item of a list. */
  readonly writableFields?: readonly (readonly string[])[];
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  validateUpdate?(object: T, old: T): FieldError[];
}

/** `/scale`, by JSON path into the object, as a CRD's `scale` says it: `.spec.replicas`. */
export interface ScaleDefinition {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** Path of a selector: serialized text, or a LabelSelector / map that is serialized on the way out. */
  readonly labelSelectorPath?: string;
}

/** A subresource that is neither status nor scale: the API server has a handler of this name. */
export interface NamedSubresource {
  readonly name: string;
  /** The kind it takes and gives, where it differs: `autoscaling/v1 Scale`, `v1 Binding`. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly (Verb | "connect")[];
}

/** A cell of a Table: a string, number or boolean; null for none. */
export type Cell = string | number | bigint | boolean | null;

/** A column of the Tables that `kubectl get` shows. `name` is its heading, as upstream has it. */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: "name" | "";
  readonly description?: string;
  /** 0 shows by default, 1 with `-o wide`. */
  readonly priority: number;
  value(object: T, context: { readonly now: number }): Cell;
}

/**
 * All there is to know of one kind in one version, built in or of a CustomResourceDefinition: what the API server needs to serve it, without code for
 * any kind. Immutable, so that what is made of it can be kept beside it.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  /** "" for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  /** The URL's name: `deployments`. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** What discovery says of it now, where that is not all of `verbs`. */
  readonly discoveredVerbs?: () => readonly Verb[];
  /** Of the whole object; usually a `$ref` into `schemas`. */
  readonly schema: Schema;
  /** Where objects live below `/registry/`: `pods`, `minions`, `services/specs`. Versions of one kind share it. */
  readonly storagePath: string;
  /** What its objects are stored as, where that is not what they are here. */
  readonly stored?: StoredVersion;
  readonly strategy: Strategy<T>;
  readonly status?: StatusStrategy<T>;
  readonly scale?: ScaleDefinition;
  readonly subresources: readonly NamedSubresource[];
  /** Beyond `metadata.name` and `metadata.namespace`. Values are compared as text. */
  readonly selectableFields: Readonly<Record<string, (object: T) => string>>;
  /** Printed columns; the default is Name and Age. */
  readonly columns?: readonly Column<T>[];
  /** Adds rows beneath or conditions beside an object's row, as completed Pods are greyed out. */
  readonly rowConditions?: (
    object: T,
  ) => readonly { type: string; status: string; reason?: string; message?: string }[];
  /**
   * Of a custom resource: prunes a decoded body by its schema and fills in defaults, in place; gives the paths of fields that were dropped.
   * `applied`: it is what an apply made, in which a null that may not be is left to validation.
   * @throws DecodeError for embedded resources whose metadata is none
   */
  readonly decode?: (object: T, applied?: boolean) => string[];
  /** Every use of the version is answered with this Warning. */
  readonly deprecationWarning?: string;
  /** Not stored: the API server has a handler that answers creates (TokenReview, SubjectAccessReview). */
  readonly virtual?: boolean;
}

/** The group and version that objects of a kind are stored in, whichever of its versions they are written in. */
export interface StoredVersion {
  readonly group: string;
  readonly version: string;
  /** Where the fields differ. An object that is given is shared and not changed; its apiVersion is the caller's to set. */
  readonly convert?: {
    toStored(object: KubeObject): KubeObject;
    fromStored(object: KubeObject): KubeObject;
  };
}

/** A lighter handle on a resource, for clients: enough to build a URL, and the type of what comes back. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries T; never present at run time. */
  readonly $type?: T;
}
