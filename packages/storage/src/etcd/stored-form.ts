/**
 * How values lie in an etcd, where it differs from what readers of the store get. Upstream stores objects without resourceVersion, and with a newline
 * behind them; readers get it from the key's revision. What this program stores has a mark too that no reader of JSON sees: white space before the
 * newline. What has none was stored by another, or by a version of this program that knew fewer defaults: it may lack some.
 */

import { parseJson, writeJson } from "@kubets/apimachinery";

/** From what readers of the store get to what lies in the etcd, and back. */
export interface StoredForm {
  /** What is stored of bytes that were made without a revision. */
  write(bytes: Uint8Array): Uint8Array;
  /** What readers get of what is stored: a buffer of its own. @throws Error for what cannot be read, with a message that says why */
  read(stored: Uint8Array, revision: number): ReadValue;
}

export interface ReadValue {
  readonly bytes: Uint8Array;
  /** See {@link Entry.foreign}. */
  readonly foreign: boolean;
}

/** As they come. */
export const opaqueForm: StoredForm = {
  write: (bytes) => bytes,
  read: (stored) => ({ bytes: new Uint8Array(stored), foreign: false }),
};

export interface ObjectFormOptions {
  /** Reads an object that an upstream API server stored as protobuf, which begins with `k8s\0`. Without it such objects cannot be read. */
  readonly decodeProtobuf?: (stored: Uint8Array) => object;
  /** Of who fills in objects' defaults now: so many spaces stand behind an object. Default 1. */
  readonly defaultsVersion?: number;
}

const protobufMagic = Buffer.from("k8s\0");

/** Objects as JSON, as upstream stores them with `--storage-media-type=application/json`. */
export function objectForm({ decodeProtobuf, defaultsVersion = 1 }: ObjectFormOptions = {}): StoredForm {
  const ending = Buffer.from(`${" ".repeat(defaultsVersion)}\n`);
  return {
    write(bytes) {
      const stored = Buffer.allocUnsafe(bytes.length + ending.length);
      stored.set(bytes);
      stored.set(ending, bytes.length);
      return stored;
    },
    read(stored, revision) {
      const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
      if (!bytes.subarray(0, 4).equals(protobufMagic)) {
        const foreign =
          bytes[bytes.length - ending.length - 1] !== closeBrace || !bytes.subarray(-ending.length).equals(ending);
        return { bytes: withRevision(bytes, revision), foreign };
      }
      if (decodeProtobuf === undefined) throw new Error(protobufMessage);
      return { bytes: setRevision(decodeProtobuf(stored), revision), foreign: true };
    },
  };
}

const protobufMessage =
  "it is stored as protobuf, which cannot be read here; let the API server that wrote it run with --storage-media-type=application/json and write it again";

/** Members of metadata that upstream's order has before resourceVersion. */
const before = new Set(["name", "generateName", "namespace", "selfLink", "uid"]);

/** The object with `metadata.resourceVersion`, in its place. Bytes are moved and not parsed, unless they are laid out in an unusual way. */
export function withRevision(json: Buffer, revision: number): Uint8Array {
  const place = placeOfRevision(json);
  if (place === undefined) return setRevision(parseJson(json.toString()) as object, revision);
  const { at, prefix, suffix } = place;
  const inserted = `${prefix}"resourceVersion":"${revision}"${suffix}`;
  const end = json.lastIndexOf("}") + 1;
  const bytes = Buffer.allocUnsafeSlow(end + inserted.length);
  json.copy(bytes, 0, 0, at);
  bytes.write(inserted, at, "latin1");
  json.copy(bytes, at + inserted.length, at, end);
  return bytes;
}

function setRevision(object: object & { metadata?: object }, revision: number): Uint8Array {
  const { metadata, ...rest } = object;
  return Buffer.from(writeJson({ ...rest, metadata: { ...metadata, resourceVersion: String(revision) } }));
}

interface Place {
  readonly at: number;
  readonly prefix: string;
  readonly suffix: string;
}

/** Where resourceVersion belongs; undefined when that is not seen at once. */
function placeOfRevision(json: Buffer): Place | undefined {
  let at = memberAfterBrace(json, 0);
  while (at !== undefined && !keyIs(json, at, "metadata")) at = nextMember(json, at);
  if (at === undefined) return undefined;
  const open = at + '"metadata":'.length;
  if (json[open - 1] !== colon || json[open] !== openBrace) return undefined;
  if (json[open + 1] === closeBrace) return { at: open + 1, prefix: "", suffix: "" };
  let member: number | undefined = open + 1;
  for (;;) {
    const key = keyAt(json, member);
    if (key === undefined || key === "resourceVersion") return undefined;
    if (!before.has(key)) return { at: member, prefix: "", suffix: "," };
    const end: number | undefined = endOfMember(json, member);
    if (end === undefined) return undefined;
    if (json[end] === closeBrace) return { at: end, prefix: ",", suffix: "" };
    if (json[end] !== comma) return undefined;
    member = end + 1;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function memberAfterBrace(json: Buffer, at: number): number | undefined {
  return json[at] === openBrace && json[at + 1] === quote ? at + 1 : undefined;
}

function nextMember(json: Buffer, member: number): number | undefined {
  const end = endOfMember(json, member);
  return end !== undefined && json[end] === comma && json[end + 1] === quote ? end + 1 : undefined;
}

function keyIs(json: Buffer, member: number, key: string): boolean {
  return keyAt(json, member) === key;
}

function keyAt(json: Buffer, member: number): string | undefined {
  if (json[member] !== quote) return undefined;
  const end = endOfString(json, member);
  return end === undefined ? undefined : json.toString("latin1", member + 1, end - 1);
}

/** Behind the value of the member whose key begins at `member`. */
function endOfMember(json: Buffer, member: number): number | undefined {
  const key = endOfString(json, member);
  return key === undefined || json[key] !== colon ? undefined : endOfValue(json, key + 1);
}

function endOfString(json: Buffer, start: number): number | undefined {
  for (let at = start + 1; at < json.length; at++) {
    const byte = json[at];
    if (byte === backslash) at++;
    else if (byte === quote) return at + 1;
  }
  return undefined;
}

function endOfValue(json: Buffer, start: number): number | undefined {
  if (json[start] === quote) return endOfString(json, start);
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) {
      const end = endOfString(json, at);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === comma && depth === 0) return at;
  }
  return undefined;
}
