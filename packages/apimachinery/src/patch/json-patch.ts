/**
 * JSON Patch (RFC 6902). Limits and texts: the API server's patch handler and the library it uses (evanphx/json-patch v4), including
 * negative array indices. The document is not changed; the result shares what the patch did not touch.
 */

import { deepEqual } from "../equality.ts";
import { writeJson } from "../exact-json.ts";
import { clone, type Json, put } from "../object.ts";
import { PatchError } from "./patch-error.ts";

/** Operations a patch may have. */
export const maxJsonPatchOperations = 10_000;
/** How much `copy` operations may add in all, in bytes: the API server's limit on a request body. */
const maxCopiedBytes = 3 * 1024 * 1024;

/** How many items may be moved in all to make room in lists and to close gaps. Upstream sets no limit, and others wait for their turn meanwhile. */
const maxMovedItems = 100_000_000;

type Container = Json[] | { [key: string]: Json };

/** @throws PatchError */
export function applyJsonPatch(document: Json, patch: unknown): Json {
  if (patch === null) return document;
  if (!Array.isArray(patch)) {
    throw new PatchError(400, "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  }
  if (patch.length > maxJsonPatchOperations) {
    throw new PatchError(
      413,
      `The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`,
    );
  }
  const applier = new Applier(document);
  for (const operation of patch) applier.apply(operation);
  return applier.document;
}

class Applier {
  document: Json;
  /** Containers made by this patch: they may be changed in place. */
  readonly #owned = new WeakSet<object>();
  #copiedBytes = 0;
  #movedItems = 0;

  constructor(document: Json) {
    this.document = document;
  }

  apply(operation: unknown): void {
    const { op, path, from, value } = readOperation(operation);
    switch (op) {
      case "add":
        return this.#add(path, value, "add");
      case "remove":
        return void this.#remove(path, "remove", "path");
      case "replace":
        return this.#replace(path, value);
      case "move":
        return this.#add(path, this.#remove(this.#from(from, op), "move", "from path"), "move");
      case "copy":
        return this.#add(path, this.#copyOf(this.#from(from, op)), "copy");
      case "test":
        return this.#test(path, value);
      default:
        throw new PatchError(422, `Unexpected kind: ${op}`);
    }
  }

  #from(from: string | undefined, op: string): string {
    if (from === undefined) throw new PatchError(422, `${op} operation failed to decode from: missing value`);
    return from;
  }

  #add(path: string, value: Json | undefined, op: string): void {
    const added = value ?? null;
    if (path === "") {
      this.document = added;
      return;
    }
    const { container, key } = this.#locate(path, op, "path");
    if (!Array.isArray(container)) return put(container, key, added);
    if (key === "-") container.push(added);
    else
      this.#splice(container, arrayIndex(key, container.length + 1, `error in ${op} for path: '${path}': `), 0, added);
  }

  #remove(path: string, op: string, which: string): Json {
    const { container, key } = this.#locate(path, op, which);
    const prefix = `error in ${op} for path: '${path}': `;
    if (Array.isArray(container)) return this.#splice(container, arrayIndex(key, container.length, prefix), 1)[0]!;
    if (!Object.hasOwn(container, key)) {
      throw new PatchError(422, `${prefix}Unable to remove nonexistent key: ${key}: missing value`);
    }
    const removed = container[key]!;
    delete container[key];
    return removed;
  }

  #splice(list: Json[], index: number, removed: number, ...added: Json[]): Json[] {
    this.#movedItems += list.length - index;
    if (this.#movedItems > maxMovedItems) {
      throw new PatchError(
        413,
        `The patch moves more than ${maxMovedItems} items of lists; change the end of a list, or replace it`,
      );
    }
    return list.splice(index, removed, ...added);
  }

  #replace(path: string, value: Json | undefined): void {
    const replacement = value ?? null;
    if (path === "") {
      this.document = replacement;
      return;
    }
    const { container, key } = this.#locate(path, "replace", "path");
    const missing = () =>
      new PatchError(422, `replace operation does not apply: doc is missing key: ${path}: missing value`);
    if (Array.isArray(container)) {
      const index = arrayIndex(key, container.length, "", missing);
      container[index] = replacement;
    } else {
      // Also where there was nothing, as the library has it.
      put(container, key, replacement);
    }
  }

  #test(path: string, value: Json | undefined): void {
    const found = lookUp(this.document, path);
    if (found.parent === false) {
      throw new PatchError(422, `test operation does not apply: is missing path: ${path}: missing value`);
    }
    if (!deepEqual(found.value ?? null, value ?? null)) {
      throw new PatchError(422, `testing value ${path} failed: test failed`);
    }
  }

  #copyOf(from: string): Json {
    const found = lookUp(this.document, from);
    if (found.parent && found.value === undefined && !Array.isArray(found.container)) return null;
    if (found.value === undefined) {
      throw new PatchError(422, `copy operation does not apply: doc is missing from path: ${from}: missing value`);
    }
    this.#copiedBytes += writeJson(found.value).length;
    if (this.#copiedBytes > maxCopiedBytes) {
      throw new PatchError(
        413,
        `Unable to copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
      );
    }
    return clone(found.value);
  }

  /** The container that holds the last token of `path`, made our own on the way down, and that token. */
  #locate(path: string, op: string, which: string): { container: Container; key: string } {
    const missing = () =>
      new PatchError(
        422,
        `${op} operation does not apply: doc is missing ${which}: ${JSON.stringify(path)}: missing value`,
      );
    const tokens = parsePointer(path);
    const key = tokens.pop();
    if (key === undefined) throw missing();
    let container = this.#own(this.document);
    if (container === undefined) throw missing();
    this.document = container;
    for (const token of tokens) {
      const child = this.#own(childOf(container, token));
      if (child === undefined) throw missing();
      if (Array.isArray(container)) container[arrayIndex(token, container.length, "", missing)] = child;
      else put(container, token, child);
      container = child;
    }
    return { container, key };
  }

  /** A container that may be changed; undefined for what is no container. */
  #own(value: Json | undefined): Container | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    if (this.#owned.has(value)) return value;
    const copy = Array.isArray(value) ? [...value] : { ...value };
    this.#owned.add(copy);
    return copy;
  }
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string | undefined;
  readonly value?: Json | undefined;
}

function readOperation(operation: unknown): Operation {
  if (operation === null) throw new PatchError(422, "Unexpected kind: unknown");
  if (typeof operation !== "object" || Array.isArray(operation)) {
    throw new PatchError(400, "json: cannot unmarshal value into Go value of type jsonpatch.Operation");
  }
  const { op, path, from, value } = operation as Record<string, Json | undefined>;
  if (typeof op !== "string") throw new PatchError(422, "Unexpected kind: unknown");
  if (typeof path !== "string") throw new PatchError(422, `${op} operation failed to decode path: missing value`);
  return { op, path, from: typeof from === "string" ? from : undefined, value };
}

/** RFC 6901. */
function parsePointer(pointer: string): string[] {
  const tokens = pointer.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function childOf(container: Json, token: string): Json | undefined {
  if (typeof container !== "object" || container === null) return undefined;
  if (!Array.isArray(container)) return Object.hasOwn(container, token) ? container[token] : undefined;
  if (!/^-?\d+$/.test(token)) return undefined;
  return container.at(Number(token));
}

/** What a path leads to, and the last container on the way. */
function lookUp(
  document: Json,
  path: string,
): { parent: boolean; container: Json | undefined; value: Json | undefined } {
  let value: Json | undefined = document;
  let container: Json | undefined;
  let parent = true;
  for (const token of parsePointer(path)) {
    container = value;
    parent = typeof value === "object" && value !== null;
    value = value === undefined ? undefined : childOf(value, token);
  }
  return { parent, container, value };
}

function arrayIndex(token: string, length: number, prefix: string, error?: () => PatchError): number {
  if (!/^-?\d+$/.test(token)) {
    throw error?.() ?? new PatchError(422, `${prefix}strconv.Atoi: parsing ${JSON.stringify(token)}: invalid syntax`);
  }
  const index = Number(token);
  if (index >= length || index < -length) {
    throw (
      error?.() ?? new PatchError(422, `${prefix}Unable to access invalid index: ${token}: invalid index referenced`)
    );
  }
  return index < 0 ? index + length : index;
}
