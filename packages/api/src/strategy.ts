/** What the strategies of most kinds have in common: generation, status, and what `/status` keeps. */

import { clone, deepEqual, type FieldError, type KubeObject } from "@kubets/apimachinery";
import type { StatusStrategy, Strategy, StrategyContext } from "./definition.ts";

/** A kind with the usual two halves; neither need be there. */
type Parts = KubeObject & { spec?: unknown; status?: unknown };

/** `metadata`, made when it is missing. */
export function metadataOf(object: KubeObject): NonNullable<KubeObject["metadata"]> {
  object.metadata ??= {};
  return object.metadata;
}

/**
 * Sets `metadata.generation` to the old one, and one more when any of `fields` differs. Upstream's kinds count changes of the spec,
 * some (Deployment) also of annotations; kinds without a spec name their fields.
 */
export function bumpGeneration(object: KubeObject, old: KubeObject, fields: readonly string[] = ["spec"]): void {
  const generation = old.metadata?.generation ?? 0;
  const changed = fields.some((field) => !deepEqual(at(object, field), at(old, field)));
  const next = changed ? generation + 1 : generation;
  if (next > 0) metadataOf(object).generation = next;
  else delete metadataOf(object).generation;
}

function at(object: KubeObject, dotted: string): unknown {
  return dotted
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object);
}

/** Puts back what the stored object has under `field`; absent there, it is removed. */
export function keep(object: KubeObject, old: KubeObject, field: string): void {
  const target = object as Record<string, unknown>;
  const value = (old as Record<string, unknown>)[field];
  if (value === undefined) delete target[field];
  else target[field] = clone(value);
}

export interface SpecStrategyOptions {
  /** What a new object's status is; false for kinds without a status. Default `{}`. */
  readonly status?: object | false;
  /** What counts as a change of the object's meaning. Default `["spec"]`; `[]` for kinds without generations. */
  readonly generationOf?: readonly string[];
}

/**
 * A strategy with the common part before the kind's own `rules`: on create, generation 1 and an empty status; on update, the stored status
 * and the generation raised when the spec changed.
 */
export function specStrategy<T extends KubeObject>(
  rules: Strategy<T> = {},
  { status = {}, generationOf = ["spec"] }: SpecStrategyOptions = {},
): Strategy<T> {
  return {
    ...rules,
    prepareForCreate(object: T, context: StrategyContext) {
      if (generationOf.length > 0) metadataOf(object).generation = 1;
      if (status !== false) (object as Parts).status = clone(status);
      rules.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object: T, old: T, context: StrategyContext) {
      if (status !== false) keep(object, old, "status");
      rules.prepareForUpdate?.(object, old, context);
      if (generationOf.length > 0) bumpGeneration(object, old, generationOf);
    },
  };
}

export interface StatusStrategyOptions<T extends KubeObject> {
  /** Top-level fields besides the spec that only the main resource changes, such as `data`. Default `["spec"]`. */
  readonly keeps?: readonly string[];
  /** Labels too are the main resource's: so upstream has it for Deployment. */
  readonly keepsLabels?: boolean;
  /** Labels, annotations, finalizers and owners are the main resource's. */
  readonly keepsMetadata?: boolean;
  /** Default what is kept. */
  readonly resetFields?: readonly string[];
  prepare?(object: T, old: T, context: StrategyContext): void;
  validate?(object: T, old: T): FieldError[];
}

/** Source: apimachinery's ResetObjectMetaForStatus. */
const keptMetadata = ["labels", "annotations", "finalizers", "ownerReferences"] as const;

/** `/status`: the spec and the generation stay as stored. */
export function statusStrategy<T extends KubeObject>(options: StatusStrategyOptions<T> = {}): StatusStrategy<T> {
  const { keeps = ["spec"], keepsLabels = false, keepsMetadata = false, prepare, validate } = options;
  const kept = keepsMetadata ? keptMetadata : keepsLabels ? (["labels"] as const) : [];
  const metadataReset = keepsMetadata ? ["metadata"] : keepsLabels ? ["metadata.labels"] : [];
  return {
    resetFields: options.resetFields ?? [...keeps, ...metadataReset],
    prepareForUpdate(object: T, old: T, context: StrategyContext) {
      for (const field of keeps) keep(object, old, field);
      const metadata = metadataOf(object);
      if (old.metadata?.generation === undefined) delete metadata.generation;
      else metadata.generation = old.metadata.generation;
      for (const field of kept) {
        const value = old.metadata?.[field];
        if (value === undefined) delete metadata[field];
        else Object.assign(metadata, { [field]: clone(value) });
      }
      prepare?.(object, old, context);
    },
    ...(validate === undefined ? {} : { validateUpdate: validate }),
  };
}
