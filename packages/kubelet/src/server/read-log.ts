/** Reads a container's log: CRI log lines in, what the container wrote out. */

import { watch } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { parseLogLine } from "./cri-log.ts";
import type { LogOptions } from "./log-options.ts";

const chunkBytes = 64 * 1024;
const newline = 0x0a;

export interface LogSource {
  readonly path: string;
  /** Resolves when the container has ended, so that nothing more will be written. Never rejects. */
  readonly ended: Promise<void>;
}

/** The text asked for, chunk by chunk. Following ends with the container or the signal. @throws Error when there is no such file */
export async function* readLog(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const line of readLines(source, options, signal)) {
    const text = render(line, options);
    if (text === undefined) continue;
    const bytes = text.length > left ? text.subarray(0, left) : text;
    left -= bytes.length;
    yield bytes;
    if (left <= 0) return;
  }
}

function render(line: string, options: LogOptions): Buffer | undefined {
  const entry = parseLogLine(line);
  if (entry === undefined) return undefined;
  if (options.stream !== undefined && entry.stream !== options.stream) return undefined;
  if (options.since !== undefined && Date.parse(entry.time) < options.since) return undefined;
  const prefix = options.timestamps ? `${entry.time} ` : "";
  return Buffer.from(`${prefix}${entry.text}${entry.partial ? "" : "\n"}`, "latin1");
}

async function* readLines(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<string> {
  let handle = await open(source.path, "r");
  const changes = options.follow ? watchFile(source, signal) : undefined;
  try {
    let position = options.tailLines === undefined ? 0 : await tailOffset(handle, options.tailLines);
    let rest: Buffer = Buffer.alloc(0);
    let replacement: FileHandle | undefined;
    for (;;) {
      const over = changes?.isOver() ?? true;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
      if (bytesRead > 0) {
        position += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
          // One character a byte: what a container wrote may be no text, or be cut within a character.
          yield rest.toString("latin1", 0, end);
          rest = rest.subarray(end + 1);
        }
        continue;
      }
      if (replacement !== undefined) {
        await handle.close();
        handle = replacement;
        replacement = undefined;
        position = 0;
        continue;
      }
      // What was written before the rename is read to its end first.
      replacement = changes === undefined ? undefined : await reopened(source.path, handle);
      if (replacement !== undefined) continue;
      if (over) return;
      await changes?.next();
    }
  } finally {
    changes?.close();
    await handle.close();
  }
}

/** The file that has taken this one's place after a rotation. */
async function reopened(path: string, handle: FileHandle): Promise<FileHandle | undefined> {
  try {
    const [now, mine] = await Promise.all([stat(path), handle.stat()]);
    return now.ino === mine.ino ? undefined : await open(path, "r");
  } catch {
    // Between the rename and the runtime's reopening there is no file.
    return undefined;
  }
}

/** Where the last `lines` lines begin. */
async function tailOffset(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  let found = 0;
  let end = size;
  // The newline that ends the last line does not begin another.
  let skipLast = true;
  if (lines === 0) return size;
  while (end > 0) {
    const length = Math.min(chunkBytes, end);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, end - length);
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (buffer[i] !== newline) {
        skipLast = false;
        continue;
      }
      if (skipLast) {
        skipLast = false;
        continue;
      }
      if (++found === lines) return end - length + i + 1;
    }
    end -= length;
  }
  return 0;
}

interface Changes {
  /** Nothing more will come: the container has ended, or the reader has gone. */
  isOver(): boolean;
  /** Resolves when something may have been written, or it is over. */
  next(): Promise<void>;
  close(): void;
}

function watchFile({ path, ended }: LogSource, signal: AbortSignal): Changes {
  let over = signal.aborted;
  let pending = false;
  let waiting: (() => void) | undefined;
  const wake = () => {
    pending = true;
    waiting?.();
  };
  const finish = () => {
    over = true;
    wake();
  };
  // The directory, not the file: a rotation puts another file in its place.
  const watcher = watch(dirname(path), wake);
  watcher.on("error", finish);
  signal.addEventListener("abort", finish, { once: true });
  void ended.then(finish);
  return {
    isOver: () => over,
    next: () =>
      new Promise((resolve) => {
        waiting = () => {
          pending = false;
          waiting = undefined;
          resolve();
        };
        if (pending || over) waiting();
      }),
    close() {
      watcher.close();
      signal.removeEventListener("abort", finish);
    },
  };
}
