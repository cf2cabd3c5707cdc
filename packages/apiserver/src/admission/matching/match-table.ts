/**
 * Which of many webhooks or policies a request is for. What their rules say is worked out once for each kind of request, so that a request that
 * concerns none of them costs one look into a map; selectors and names are looked at for the few that are left.
 * Source: apiserver's admission/plugin/policy/matching and admission/plugin/webhook/generic.
 */

import { type Namespace, namespaces, type ResourceDefinition } from "@kubets/api";
import {
  internalError,
  type KubeObject,
  type LabelSelector,
  notFound,
  type Selector,
  selectorFromLabelSelector,
} from "@kubets/apimachinery";
import type { ObjectReader } from "../../reader/object-reader.ts";
import type { ResourceTable } from "../../server/resource-table.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import { isExempt, type RequestKind, type Rule, ruleMatches } from "./rules.ts";

/** The parts of a webhook, of a policy's matchConstraints, or of a binding's matchResources. */
export interface MatchCriteria {
  readonly rules: readonly Rule[];
  readonly excludeRules?: readonly Rule[];
  /** Without rules everything is meant (a binding), not nothing (a webhook). */
  readonly allWithoutRules?: boolean;
  /** `Equivalent` (also other versions of the resource that the rules name) or `Exact`. */
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

export interface MatchSource {
  readonly reader: ObjectReader;
  /** What is served; for the other versions of a resource. */
  resources(): ResourceTable;
}

/** A way for a request to match: the resource whose version the rules name, and the only names they mean, if any. */
interface Way {
  readonly as: ResourceDefinition;
  readonly names: ReadonlySet<string> | undefined;
}

/** An entry whose rules concern a kind of request. */
export interface Candidate<T> {
  readonly value: T;
  readonly ways: readonly Way[];
  readonly excluded: readonly (ReadonlySet<string> | undefined)[];
  readonly namespaceSelector: ReadSelector;
  readonly objectSelector: ReadSelector;
}

/** Validation lets none in that cannot be read; of one that is stored nevertheless, what is wrong with it: requests that it would decide about fail. */
type ReadSelector = Selector | Error;

interface Entry<T> {
  readonly value: T;
  readonly criteria: MatchCriteria;
  readonly namespaceSelector: ReadSelector;
  readonly objectSelector: ReadSelector;
}

/** Immutable; a changed configuration gets a new one. */
export class MatchTable<T> {
  readonly #source: MatchSource;
  readonly #entries: readonly Entry<T>[];
  #known = new WeakMap<ResourceDefinition, Map<string, readonly Candidate<T>[]>>();
  /** Of the resource table: other versions of a resource may come and go. */
  #generation = -1;

  /** @param entries in the order in which candidates are given */
  constructor(source: MatchSource, entries: Iterable<{ readonly value: T; readonly criteria: MatchCriteria }>) {
    this.#source = source;
    this.#entries = [...entries].map(({ value, criteria }) => ({
      value,
      criteria,
      namespaceSelector: readSelector(criteria.namespaceSelector),
      objectSelector: readSelector(criteria.objectSelector),
    }));
  }

  /** Those whose rules concern requests like this, in order. Resources that configure admission concern none. */
  candidates(request: RequestKind): readonly Candidate<T>[] {
    if (this.#entries.length === 0) return [];
    const { definition, operation, subresource } = request;
    const { generation } = this.#source.resources();
    if (generation !== this.#generation) {
      this.#known = new WeakMap();
      this.#generation = generation;
    }
    let known = this.#known.get(definition);
    if (known === undefined) {
      known = new Map();
      this.#known.set(definition, known);
    }
    const key = subresource === "" ? operation : `${operation}/${subresource}`;
    let found = known.get(key);
    if (found === undefined) {
      found = isExempt(definition) ? [] : this.#entries.flatMap((entry) => this.#candidate(entry, request));
      known.set(key, found);
    }
    return found;
  }

  #candidate({ criteria, ...entry }: Entry<T>, request: RequestKind): Candidate<T>[] {
    const { rules, excludeRules = [], allWithoutRules = false, matchPolicy } = criteria;
    const others = matchPolicy === "Equivalent" ? equivalentsOf(this.#source.resources(), request) : [];
    const ways =
      rules.length === 0 && allWithoutRules
        ? [{ as: request.definition, names: undefined }]
        : waysOf(rules, request, others);
    if (ways.length === 0) return [];
    const excluded = waysOf(excludeRules, request, others).map(({ names }) => names);
    return excluded.includes(undefined) ? [] : [{ ...entry, ways, excluded }];
  }
}

function readSelector(selector: LabelSelector | undefined): ReadSelector {
  try {
    return selectorFromLabelSelector(selector ?? {});
  } catch (error) {
    return error as Error;
  }
}

function waysOf(rules: readonly Rule[], request: RequestKind, others: readonly ResourceDefinition[]): Way[] {
  const ways: Way[] = [];
  const consider = (rule: Rule, as: ResourceDefinition) => {
    if (!ruleMatches(rule, { ...request, definition: as })) return;
    const { resourceNames = [] } = rule;
    ways.push({ as, names: resourceNames.length === 0 ? undefined : new Set(resourceNames) });
  };
  for (const rule of rules) consider(rule, request.definition);
  // Only when no rule names the version that was asked for; of several, the earlier rule decides.
  for (const rule of rules) for (const other of others) consider(rule, other);
  return ways;
}

/** Other versions, also in other groups, of what is stored in the same place. */
function equivalentsOf(resources: ResourceTable, { definition, subresource }: RequestKind): ResourceDefinition[] {
  const others: ResourceDefinition[] = [];
  for (const { definition: other } of resources.all()) {
    const same = other.storagePath === definition.storagePath && other.plural === definition.plural;
    if (same && other !== definition && serves(other, subresource)) others.push(other);
  }
  return others;
}

function serves({ subresources, status, scale }: ResourceDefinition, subresource: string): boolean {
  if (subresource === "") return true;
  if (subresource === "status") return status !== undefined;
  if (subresource === "scale") return scale !== undefined;
  return subresources.some(({ name }) => name === subresource);
}

type Asked = Pick<
  AdmissionAttributes,
  "definition" | "operation" | "subresource" | "namespace" | "name" | "object" | "oldObject"
>;

/**
 * Whether the request itself matches, by name and labels.
 * @returns the resource in whose version it is to be presented; undefined when it does not match. A promise only when a Namespace must be read.
 * @throws StatusError 404 for a namespace that is not there, 500 for a selector that cannot be read and would decide
 */
export function matchRequest<T>(
  candidate: Candidate<T>,
  asked: Asked,
  { reader }: Pick<MatchSource, "reader">,
): ResourceDefinition | undefined | Promise<ResourceDefinition | undefined> {
  const way = candidate.ways.find(({ names }) => names === undefined || names.has(asked.name));
  if (way === undefined) return undefined;
  if (candidate.excluded.some((names) => names === undefined || names.has(asked.name))) return undefined;
  const { objectSelector, namespaceSelector } = candidate;
  const isObjectSelected =
    objectSelector instanceof Error ||
    objectSelector.empty ||
    hasLabels(asked.object, objectSelector) ||
    hasLabels(asked.oldObject, objectSelector);
  if (!isObjectSelected) return undefined;
  const selected = () => {
    if (objectSelector instanceof Error) throw internalError(objectSelector);
    return way.as;
  };
  const namespace = namespaceOf(asked);
  // Cluster-scoped objects are never exempted by it.
  if (namespace === "" && !isNamespace(asked.definition)) return selected();
  if (namespaceSelector instanceof Error) throw internalError(namespaceSelector);
  if (namespaceSelector.empty) return selected();
  const { operation, subresource } = asked;
  if (isNamespace(asked.definition) && subresource === "" && (operation === "CREATE" || operation === "UPDATE")) {
    return hasLabels(asked.object, namespaceSelector) ? selected() : undefined;
  }
  return reader.get<Namespace>(namespaces, "", namespace).then((found) => {
    if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
    return hasLabels(found, namespaceSelector) ? selected() : undefined;
  }, internal);
}

function internal(error: unknown): never {
  throw internalError(error);
}

function hasLabels(object: KubeObject | undefined, selector: Selector): boolean {
  return object !== undefined && selector.matches(object.metadata?.labels);
}

function isNamespace({ group, plural }: ResourceDefinition): boolean {
  return group === "" && plural === "namespaces";
}

/** As admission sees it: of a Namespace it is its own name. */
export function namespaceOf({ definition, namespace, name, object }: Asked): string {
  return isNamespace(definition) ? name || (object?.metadata?.name ?? "") : namespace;
}
