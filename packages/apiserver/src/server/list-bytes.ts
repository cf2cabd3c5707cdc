/**
 * A list as bytes, in pieces. Neighbouring objects are joined into segments of some dozens, which are kept: the next list sends the same buffers
 * again and makes only those segments anew in which something changed. Where a segment ends is decided by the objects themselves, as in a rolling
 * hash, so that an object that comes or goes leaves the other segments as they are.
 */

import type { ResourceDefinition } from "@kubets/api";
import { apiVersionOf, type ListMeta } from "@kubets/apimachinery";
import type { ServedObject } from "../registry/served-object.ts";
import { isCustom } from "../request/decode-object.ts";
import { type Deflated, deflate, comma as deflatedComma, gzipOf } from "./gzip-join.ts";

export interface ListBytes {
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  /** The same, as one gzip stream; what does not change is compressed once. */
  gzipped(): Promise<Uint8Array[]>;
}

interface Segment {
  readonly members: readonly ServedObject[];
  /** With a comma in front. */
  readonly bytes: Uint8Array;
  deflated: Promise<Deflated> | undefined;
}

/** By its first member. */
const segments = new WeakMap<ServedObject, Segment>();

/** One object in so many begins a segment. */
const segmentSize = 64;

const open = 0x7b;
const comma = 0x2c;
const tail = Buffer.from("]}");

/** The items' bytes joined; as upstream, a built-in kind's item does not repeat the kind, and a custom resource does. */
export function listBytes(
  definition: ResourceDefinition,
  items: readonly ServedObject[],
  metadata: ListMeta,
): ListBytes {
  const apiVersion = apiVersionOf(definition);
  const meta = JSON.stringify({ kind: definition.listKind, apiVersion, metadata: listMetaOf(definition, metadata) });
  const head = Buffer.from(`${meta.slice(0, -1)},"items":[`);
  const parts = segmentsOf(items, typeMetaOf(definition));
  const chunks = [head, ...parts.map(({ bytes }, index) => (index === 0 ? bytes.subarray(1) : bytes)), tail];
  return {
    chunks,
    length: chunks.reduce((sum, { length }) => sum + length, 0),
    gzipped: () => gzipped(head, parts),
  };
}

/** A list of custom resources says that it is whole, where others say nothing. */
export function listMetaOf(definition: ResourceDefinition, metadata: ListMeta): ListMeta {
  return metadata.continue === undefined && isCustom(definition) ? { continue: "", ...metadata } : metadata;
}

/** What an item of a list does not repeat. */
export function typeMetaOf(definition: ResourceDefinition): Uint8Array | undefined {
  if (isCustom(definition)) return undefined;
  const { kind } = definition;
  return Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},`);
}

/** An object as an item. */
export function withoutTypeMeta(bytes: Uint8Array, typeMeta: Uint8Array | undefined): Uint8Array {
  if (typeMeta === undefined || !startsWith(bytes, typeMeta)) return bytes;
  const rest = Buffer.from(bytes.subarray(typeMeta.length - 1));
  rest[0] = open;
  return rest;
}

function segmentsOf(items: readonly ServedObject[], typeMeta: Uint8Array | undefined): Segment[] {
  const parts: Segment[] = [];
  for (let start = 0; start < items.length; ) {
    let end = start + 1;
    while (end < items.length && !beginsSegment(items[end]!)) end++;
    parts.push(segmentOf(items, start, end, typeMeta));
    start = end;
  }
  return parts;
}

function beginsSegment({ createRevision }: ServedObject): boolean {
  // Fibonacci hashing: revisions of one kind may all be multiples of something.
  return (Math.imul(createRevision, 0x9e3779b1) >>> 0) % segmentSize === 0;
}

function segmentOf(
  items: readonly ServedObject[],
  start: number,
  end: number,
  typeMeta: Uint8Array | undefined,
): Segment {
  const first = items[start]!;
  const known = segments.get(first);
  if (known !== undefined && consistsOf(known, items, start, end)) return known;
  const members = items.slice(start, end);
  const segment: Segment = { members, bytes: join(members, typeMeta), deflated: undefined };
  // One alone has its bytes already.
  if (members.length > 1) segments.set(first, segment);
  return segment;
}

function consistsOf({ members }: Segment, items: readonly ServedObject[], start: number, end: number): boolean {
  if (members.length !== end - start) return false;
  for (let i = 0; i < members.length; i++) if (members[i] !== items[start + i]) return false;
  return true;
}

function join(members: readonly ServedObject[], typeMeta: Uint8Array | undefined): Uint8Array {
  let size = 0;
  for (const { bytes } of members) size += bytes.length + 1;
  // Of its own, not of the shared pool: it is kept, and would keep the pool's 8 KiB.
  const joined = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const { bytes } of members) {
    joined[at++] = comma;
    if (typeMeta !== undefined && startsWith(bytes, typeMeta)) {
      joined[at++] = open;
      joined.set(bytes.subarray(typeMeta.length), at);
      at += bytes.length - typeMeta.length;
    } else {
      joined.set(bytes, at);
      at += bytes.length;
    }
  }
  return joined.subarray(0, at);
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return bytes.length > prefix.length;
}

async function gzipped(head: Uint8Array, parts: readonly Segment[]): Promise<Uint8Array[]> {
  const pieces: Promise<Deflated>[] = [deflate(head)];
  for (const [index, part] of parts.entries()) {
    if (index > 0) pieces.push(deflatedComma());
    part.deflated ??= deflate(part.bytes.subarray(1));
    pieces.push(part.deflated);
  }
  pieces.push(deflate(tail));
  return gzipOf(await Promise.all(pieces));
}
