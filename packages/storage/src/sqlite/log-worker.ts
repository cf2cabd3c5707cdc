/** The thread that owns the database. It does what it is told, in order; see `threaded-log.ts` for the other side. */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { HistoryRecord, LogRecord } from "../log.ts";
import { type PackedRecords, packRecords, transferables, unpackRecords } from "./packing.ts";
import { SqliteLog } from "./sqlite-log.ts";

export type LogRequest = { readonly id: number } & (
  | { readonly type: "append"; readonly records: PackedRecords }
  | { readonly type: "history"; readonly after: number; readonly before: number; readonly limit: number }
  | { readonly type: "compact"; readonly revision: number; readonly maxRevisions: number }
  | { readonly type: "close" }
);

export type LogReply =
  | { readonly type: "opening"; readonly foreignThrough: number }
  /** While opening: a part of what is in the file. */
  | { readonly type: "rows"; readonly records: PackedRecords }
  | { readonly type: "opened"; readonly compactedRevision: number }
  | { readonly type: "done"; readonly id: number; readonly history?: HistoryRecord[]; readonly revision?: number }
  | { readonly type: "failed"; readonly id: number | undefined; readonly message: string; readonly detail: string };

/** Values of one size class travel together; a part also bounds what one surviving value keeps alive. */
const partBytes = 256 * 1024;

function send(port: MessagePort, reply: LogReply, buffers: ArrayBuffer[] = []): void {
  port.postMessage(reply, buffers);
}

function sendRows(port: MessagePort, log: SqliteLog): void {
  let part: LogRecord[] = [];
  let size = 0;
  const flush = () => {
    const records = packRecords(part);
    send(port, { type: "rows", records }, transferables(records));
    part = [];
    size = 0;
  };
  for (const record of log.load()) {
    part.push(record);
    size += record.value?.length ?? 0;
    if (size >= partBytes || part.length >= 4096) flush();
  }
  if (part.length > 0) flush();
}

function answer(log: SqliteLog, request: LogRequest): LogReply {
  const { id } = request;
  switch (request.type) {
    case "append":
      log.append(unpackRecords(request.records));
      return { type: "done", id };
    case "history":
      return { type: "done", id, history: log.history(request.after, request.before, request.limit) };
    case "compact":
      return { type: "done", id, revision: log.compactStep(request.revision, request.maxRevisions) };
    case "close":
      log.close();
      return { type: "done", id };
  }
}

function failure(id: number | undefined, error: unknown): LogReply {
  const { message, stack, cause } = error as Error;
  return { type: "failed", id, message, detail: String(cause ?? stack ?? message) };
}

/** What the thread is started with: see {@link SqliteLog}. */
export interface LogWorkerData {
  readonly path: string;
  readonly erases: boolean;
  readonly defaultsVersion: number | undefined;
}

function run(port: MessagePort, { path, erases, defaultsVersion }: LogWorkerData): void {
  let log: SqliteLog | undefined;
  try {
    log = new SqliteLog(path, erases);
    send(port, {
      type: "opening",
      foreignThrough: defaultsVersion === undefined ? 0 : log.foreignThrough(defaultsVersion),
    });
    sendRows(port, log);
    send(port, { type: "opened", compactedRevision: log.compactedRevision });
  } catch (error) {
    log?.close();
    send(port, failure(undefined, error));
    return;
  }
  const opened = log;
  port.on("message", (request: LogRequest) => {
    try {
      send(port, answer(opened, request));
    } catch (error) {
      send(port, failure(request.id, error));
    }
    if (request.type === "close") port.close();
  });
}

if (parentPort !== null) run(parentPort, workerData as LogWorkerData);
