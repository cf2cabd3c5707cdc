/**
 * Makes an object one of its schema: fields it does not know go, nulls that may not be go, defaults come, embedded metadata takes its form. One walk,
 * in place. Source: apiextensions-apiserver's schema/pruning, schema/defaulting, schema/objectmeta.
 */

import { schemaSet } from "@kubets/api";
import { clone, DecodeError, decodeObject, type Json, put, writeJson } from "@kubets/apimachinery";
import { bodyTooLarge, maxBodyBytes } from "../request/body-limit.ts";
import { type JsonObject, metaFields, type SchemaNode } from "./schema-node.ts";

const objectMeta = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

export interface CoerceOptions {
  /** False for what is stored: malformed metadata of embedded resources is left out. */
  readonly strict: boolean;
  readonly prune: boolean;
  readonly defaults: boolean;
  /** Nulls that may not be, and have no default, stay. */
  readonly keepNulls?: boolean;
}

export interface Coerced {
  /** Something was not as it should be. */
  readonly changed: boolean;
  /** Paths of fields that were dropped, sorted. */
  readonly unknownFields: string[];
}

/** @throws DecodeError for an embedded resource whose metadata is none, and StatusError 413 for too much that is filled in, when strict */
export function coerce(object: JsonObject, root: SchemaNode, options: CoerceOptions): Coerced {
  const walk = new Walk(options);
  walk.root(object, root);
  return { changed: walk.changed, unknownFields: walk.unknownFields.sort() };
}

const maxReported = 100;
const defaultSizes = new WeakMap<SchemaNode, number>();

class Walk {
  readonly unknownFields: string[] = [];
  changed = false;
  readonly #options: CoerceOptions;
  readonly #path: (string | number)[] = [];
  #filledBytes = 0;

  constructor(options: CoerceOptions) {
    this.#options = options;
  }

  root(object: JsonObject, node: SchemaNode): void {
    this.#object(object, node, true);
  }

  #object(object: JsonObject, node: SchemaNode, isRoot: boolean): void {
    const resource = isRoot || node.embedded;
    for (const key of Object.keys(object)) {
      if (resource && metaFields.has(key)) {
        if (!isRoot) this.#embeddedMeta(object, key);
        continue;
      }
      const named = node.properties.get(key);
      if (named === undefined && !node.open && !node.preserve) this.#drop(object, key);
      else this.#field(object, key, named ?? node.values, named === undefined && node.preserve && !node.open);
    }
    if (!this.#options.defaults) return;
    for (const [name, defaulted] of node.defaulted) {
      if (Object.hasOwn(object, name) || (isRoot && metaFields.has(name))) continue;
      this.#set(object, name, this.#filled(defaulted));
      this.#child(object[name], node.properties.get(name), name);
    }
  }

  #field(object: JsonObject, key: string, node: SchemaNode | undefined, free: boolean): void {
    const child = object[key];
    if (child === null) {
      if (node === undefined || node.nullable) return;
      if (node.default === undefined) {
        if (this.#options.keepNulls) return;
        delete object[key];
        this.changed = true;
      } else if (this.#options.defaults) {
        this.#set(object, key, this.#filled(node));
        this.#child(object[key], node, key);
      }
      return;
    }
    if (typeof child !== "object" || free) return;
    if (node !== undefined) this.#child(child, node, key);
    else if (this.#options.prune) this.#unknown(child, key);
  }

  #child(value: unknown, node: SchemaNode | undefined, step: string | number): void {
    if (node === undefined || typeof value !== "object" || value === null) return;
    this.#path.push(step);
    if (!Array.isArray(value)) this.#object(value as JsonObject, node, false);
    else this.#list(value, node);
    this.#path.pop();
  }

  #list(list: unknown[], node: SchemaNode): void {
    const { items } = node;
    for (let i = 0; i < list.length; i++) {
      if (list[i] === null && items?.default !== undefined && !items.nullable && this.#options.defaults) {
        list[i] = this.#filled(items);
        this.changed = true;
      }
      if (items !== undefined) this.#child(list[i], items, i);
      else if (this.#options.prune && !node.preserve) this.#unknown(list[i], i);
    }
  }

  /** What no schema speaks of, where keys are free: their values are emptied, as upstream does. */
  #unknown(value: unknown, step: string | number): void {
    if (typeof value !== "object" || value === null) return;
    this.#path.push(step);
    if (Array.isArray(value)) for (const [i, item] of value.entries()) this.#unknown(item, i);
    else for (const key of Object.keys(value)) this.#drop(value as JsonObject, key);
    this.#path.pop();
  }

  #drop(object: JsonObject, key: string): void {
    if (!this.#options.prune) return;
    delete object[key];
    this.changed = true;
    if (this.unknownFields.length < maxReported) this.unknownFields.push(this.#at(key));
  }

  #set(object: JsonObject, key: string, value: unknown): void {
    put(object, key, value);
    this.changed = true;
  }

  /** @throws StatusError 413: an object may ask for a large default as often as it has places for it */
  #filled(node: SchemaNode): unknown {
    if (typeof node.default !== "string" && typeof node.default !== "object") return node.default;
    let size = defaultSizes.get(node);
    if (size === undefined) {
      size = writeJson(node.default).length;
      defaultSizes.set(node, size);
    }
    this.#filledBytes += size;
    if (this.#filledBytes > maxBodyBytes && this.#options.strict) throw bodyTooLarge(maxBodyBytes);
    return clone(node.default);
  }

  #at(key: string): string {
    let text = "";
    for (const step of [...this.#path, key])
      text += typeof step === "number" ? `[${step}]` : text === "" ? step : `.${step}`;
    return text;
  }

  #embeddedMeta(object: JsonObject, key: string): void {
    const value = object[key];
    if (key !== "metadata") {
      if (typeof value === "string") return;
      if (this.#options.strict) throw this.#fault(key, value, "must be a string");
      delete object[key];
      this.changed = true;
      return;
    }
    try {
      const decoded = decodeObject<JsonObject>(value as Json, objectMeta, schemaSet);
      for (const problem of decoded.unknownFields) {
        const field = /^unknown field "(.*)"$/.exec(problem)?.[1] ?? "";
        this.unknownFields.push(`${this.#at("metadata")}.${field}`);
      }
      if (decoded.value === value) return;
      object[key] = decoded.value;
      this.changed = true;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (this.#options.strict) throw this.#fault(key, value, error.message);
    }
  }

  #fault(key: string, value: unknown, why: string): DecodeError {
    return new DecodeError(`${this.#at(key)}: Invalid value: ${writeJson(value)}: ${why}`);
  }
}
