/**
 * Fills in a schema's defaults. For built-in kinds that makes an object what Go would write: fields that are no pointers and have no
 * `omitempty` are there with their zero value (`status: {}`, `resources: {}`, `replicas: 0`). For custom resources it is structural defaulting.
 */

import { clone, type Schema, type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";

/** What there is to do below a schema; compiled once. */
interface Plan {
  /** Fields with a default. */
  zeros: Zero[];
  /** Fields that have, or hold, something to fill in. An object has few of those its schema knows: it is asked for what it has. */
  below: Map<string, Plan>;
  elements: Plan | undefined;
  /** Parts without a default anywhere in them are cut off. */
  isPruned: boolean;
}

interface Zero {
  readonly name: string;
  readonly value: unknown;
  readonly nullable: boolean;
}

const plans = new WeakMap<SchemaSet, WeakMap<Schema, Plan>>();

/**
 * Sets defaults in `value`, in place: absent fields get theirs, and so do fields within what is there or was just set.
 * To be called after a kind's own `setDefaults`, and again when a strategy has made a new status.
 */
export function setSchemaDefaults(value: unknown, schema: Schema, set: SchemaSet): void {
  let known = plans.get(set);
  if (known === undefined) {
    known = new WeakMap();
    plans.set(set, known);
  }
  const plan = compile(schema, set, known);
  if (!plan.isPruned) prune(plan);
  fill(value, plan);
}

function fill(value: unknown, plan: Plan | undefined): void {
  if (plan === undefined || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    if (plan.elements !== undefined) for (const item of value) fill(item, plan.elements);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const zero of plan.zeros) {
    const present = object[zero.name];
    if (present === undefined || (present === null && !zero.nullable)) object[zero.name] = clone(zero.value);
  }
  const { below, elements } = plan;
  if (below.size > 0) for (const key in object) fill(object[key], below.get(key));
  else if (elements !== undefined && plan.zeros.length === 0) for (const key in object) fill(object[key], elements);
}

function compile(schema: Schema, set: SchemaSet, known: WeakMap<Schema, Plan>): Plan {
  const target = follow(schema, set);
  const ready = known.get(target);
  if (ready !== undefined) return ready;
  const plan: Plan = { zeros: [], below: new Map(), elements: undefined, isPruned: false };
  // Known before it is complete: definitions refer to themselves.
  known.set(target, plan);
  for (const [name, property] of Object.entries(target.properties ?? {})) {
    if (hasParts(property, set)) plan.below.set(name, compile(property, set, known));
    if (property.default !== undefined)
      plan.zeros.push({ name, value: property.default, nullable: property.nullable === true });
  }
  const element =
    target.items ?? (typeof target.additionalProperties === "object" ? target.additionalProperties : undefined);
  if (element !== undefined && hasParts(element, set)) plan.elements = compile(element, set, known);
  return plan;
}

/** Cuts off what has no default in it: most of a large schema. Plans refer to each other in circles, so what has one is found step by step. */
function prune(root: Plan): void {
  const all = new Set<Plan>([root]);
  for (const plan of all) for (const next of partsOf(plan)) all.add(next);
  const useful = new Set([...all].filter(({ zeros }) => zeros.length > 0));
  for (let size = -1; size !== useful.size; ) {
    size = useful.size;
    for (const plan of all) if (partsOf(plan).some((part) => useful.has(part))) useful.add(plan);
  }
  for (const plan of all) {
    for (const [name, part] of plan.below) if (!useful.has(part)) plan.below.delete(name);
    if (plan.elements !== undefined && !useful.has(plan.elements)) plan.elements = undefined;
    plan.isPruned = true;
  }
}

function partsOf({ below, elements }: Plan): Plan[] {
  return elements === undefined ? [...below.values()] : [...below.values(), elements];
}

function follow(schema: Schema, set: SchemaSet): Schema {
  const { $ref } = schema;
  if ($ref === undefined) return schema;
  const target = set.get($ref.slice(schemaRefPrefix.length));
  if (target === undefined) throw new Error(`schema ${$ref} is referred to and not defined`);
  return follow(target, set);
}

/** True for what has fields or elements of its own. */
function hasParts(schema: Schema, set: SchemaSet): boolean {
  const target = follow(schema, set);
  return (
    target.properties !== undefined || target.items !== undefined || typeof target.additionalProperties === "object"
  );
}
