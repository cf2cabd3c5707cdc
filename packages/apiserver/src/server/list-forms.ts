/**
 * Lists in the forms that are not kept ready: metadata alone, tables, YAML, indented JSON. Piece by piece, so that one of fifty megabytes is neither made
 * at one go, which everyone else would wait for, nor held in memory while it is read.
 */

import { parseJson, TimeSlice, writeJson, writeYaml, writeYamlItem } from "@kubets/apimachinery";

/** An object that is long only for one list in it. */
export interface ListForm {
  /** The fields beside the list; in JSON they come first. */
  readonly head: Readonly<Record<string, unknown>>;
  readonly field: "items" | "rows";
  readonly length: number;
  /** The JSON of one. */
  item(index: number): string | Uint8Array;
}

export type Piece = string | Uint8Array;

export function* jsonPieces({ head, field, length, item }: ListForm): Generator<Piece> {
  yield `${writeJson(head).slice(0, -1)},"${field}":[`;
  for (let i = 0; i < length; i++) {
    if (i > 0) yield ",";
    yield item(i);
  }
  yield "]}";
}

/** Indented, for people. */
export function* prettyPieces({ head, field, length, item }: ListForm): Generator<Piece> {
  yield `${writeJson(head, 2).slice(0, -"\n}".length)},\n  "${field}": [`;
  for (let i = 0; i < length; i++) {
    yield `${i > 0 ? "," : ""}\n    ${writeJson(parsed(item(i)), 2).replaceAll("\n", "\n    ")}`;
  }
  yield length > 0 ? "\n  ]\n}\n" : "]\n}\n";
}

export function* yamlPieces({ head, field, length, item }: ListForm): Generator<Piece> {
  const fields = Object.entries(head);
  const of = (some: typeof fields) => (some.length === 0 ? "" : writeYaml(Object.fromEntries(some)));
  yield of(fields.filter(([name]) => name < field));
  yield length > 0 ? `${field}:\n` : `${field}: []\n`;
  for (let i = 0; i < length; i++) yield writeYamlItem(parsed(item(i)));
  yield of(fields.filter(([name]) => name > field));
}

function parsed(json: Piece): unknown {
  return parseJson(textOf(json));
}

function textOf(piece: Piece): string {
  return typeof piece === "string" ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString();
}

function bytesOf(piece: Piece): Uint8Array {
  return typeof piece === "string" ? Buffer.from(piece) : piece;
}

/** All of it at once: what is short. */
export function joined(pieces: Iterable<Piece>): Uint8Array {
  return Buffer.concat(Array.from(pieces, bytesOf));
}

const chunkBytes = 128 * 1024;

/** In chunks, and with everyone else's turns between slices of the work. */
export async function* inSlices(pieces: Iterable<Piece>): AsyncGenerator<Uint8Array> {
  const slice = new TimeSlice();
  let waiting: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces) {
    const bytes = bytesOf(piece);
    waiting.push(bytes);
    size += bytes.length;
    if (size >= chunkBytes) {
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
    if (slice.over) await slice.end();
  }
  if (size > 0) yield Buffer.concat(waiting);
}
