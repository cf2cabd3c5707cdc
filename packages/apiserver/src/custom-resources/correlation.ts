/** Which part of the stored object a part of the new one was. Source: apiserver's cel/common CorrelatedObject. */

import { deepEqual } from "@kubets/apimachinery";
import { isObject, type JsonObject, nodeOf, type SchemaNode } from "./schema-node.ts";

export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly #node: SchemaNode | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, node: SchemaNode | undefined) {
    this.value = value;
    this.old = old;
    this.#node = node;
  }

  /** The part was not changed: what is wrong with it is not this write's fault. */
  get unchanged(): boolean {
    this.#equal ??= deepEqual(this.value, this.old);
    return this.#equal;
  }

  key(name: string): Correlation | undefined {
    const { value, old } = this;
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name))
      return undefined;
    const node = nodeOf(this.#node, name);
    return node === undefined ? undefined : new Correlation(value[name], old[name], node);
  }

  index(i: number): Correlation | undefined {
    const { value, old } = this;
    const node = this.#node;
    if (!Array.isArray(value) || !Array.isArray(old) || node?.items === undefined) return undefined;
    const before = oldItem(node, old, value[i]);
    return before === undefined ? undefined : new Correlation(value[i], before, node.items);
  }
}

/** The item of a list as it was: of a map list by its keys, of a set by its value; atomic lists have none. */
function oldItem(node: SchemaNode, old: readonly unknown[], item: unknown): unknown {
  const { "x-kubernetes-list-type": type, "x-kubernetes-list-map-keys": keys = [] } = node.schema;
  if (type === "set") return old.find((each) => deepEqual(each, item));
  return type === "map" ? oldMapItem(node, keys, old, item) : undefined;
}

export function oldMapItem(node: SchemaNode, keys: readonly string[], old: readonly unknown[], item: unknown): unknown {
  if (!isObject(item)) return undefined;
  const keyOf = (object: JsonObject, key: string) =>
    Object.hasOwn(object, key) ? object[key] : node.items?.properties.get(key)?.default;
  return old.find((each) => isObject(each) && keys.every((key) => deepEqual(keyOf(each, key), keyOf(item, key))));
}
