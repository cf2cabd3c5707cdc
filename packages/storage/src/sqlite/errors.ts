/** SQLite's failures, in one sentence that says what to do. */

import { messageOf } from "@kubets/apimachinery";
import { StoreUnavailableError } from "../store.ts";

/** Primary result codes, https://www.sqlite.org/rescode.html */
const busy = 5;
const readOnly = 8;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

/** The primary result code of an error that node:sqlite threw; undefined for any other error. */
function codeOf(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

export const isBusy = (error: unknown): boolean => codeOf(error) === busy;

/** @param doing what was being done: `write to`, `open` */
export function explain(error: unknown, doing: string, path: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const text = messageOf(error);
  return new StoreUnavailableError(`cannot ${doing} ${path}: ${reasonOf(codeOf(error), text)}`, { cause: error });
}

function reasonOf(code: number | undefined, text: string): string {
  switch (code) {
    case full:
      return "the disk is full; free some space and try again";
    case readOnly:
      return "it is read-only; make the file and its directory writable, or choose another data directory";
    case cannotOpen:
      return "the directory is missing or not accessible; create it or fix its permissions";
    case corrupt:
    case notADatabase:
      return `the file is damaged (${text}); restore it from a backup, or delete it to start with an empty cluster`;
    case ioError:
      return `the disk reported an error (${text}); check the disk and its free space`;
    default:
      return text;
  }
}
