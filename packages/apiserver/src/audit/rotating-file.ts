/**
 * A log file that is put aside when it is full: `audit.log` becomes `audit-2026-01-02T03-04-05.678.log`, and of those the newest are kept.
 * Names and rules are those of lumberjack, which upstream uses.
 */

import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "@kubets/apimachinery";
import type { Lines } from "./lines.ts";

export interface RotationOptions {
  /** A file that would be larger is put aside; 0 for never. */
  readonly maxBytes: number;
  /** How long files that were put aside are kept; 0 for ever. */
  readonly maxAgeDays: number;
  /** How many of them; 0 for all. */
  readonly maxBackups: number;
  /** Whether they are compressed. */
  readonly compress: boolean;
}

interface Backup {
  readonly file: string;
  readonly at: number;
}

const dayMs = 86_400_000;
const compressedEnd = ".gz";

/** Lines that no file has room for: they alone were not written. */
export class OversizedLines extends Error {
  readonly count: number;

  constructor([first = 0, ...others]: readonly number[], maxBytes: number) {
    super(`write length ${first} exceeds maximum file size ${maxBytes}`);
    this.count = others.length + 1;
  }
}

export class RotatingFile {
  readonly #path: string;
  readonly #options: RotationOptions;
  readonly #clock: Clock;
  /** What could not be done about old files; nothing is lost by it. */
  readonly #onError: (error: unknown) => void;
  #handle: FileHandle | undefined;
  #size = 0;
  #tidying: Promise<void> | undefined;
  #tidyAgain = false;

  constructor(path: string, options: RotationOptions, clock: Clock, onError: (error: unknown) => void) {
    this.#path = path;
    this.#options = options;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Makes the folder and the file where they are not there. @throws Error of the file system */
  async ensure(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, "a", 0o600);
    await handle.close();
  }

  /**
   * Appends lines; each goes whole into one file. To be called again when it has ended only.
   * @throws Error when some could not be written; {@link OversizedLines} when all others were
   */
  async append(lines: Lines): Promise<void> {
    const { maxBytes } = this.#options;
    if (maxBytes === 0) return await this.#appendSome(lines, 0, lines.count);
    const oversized: number[] = [];
    let from = 0;
    for (let line = 0; line < lines.count; line++) {
      const length = lines.bytesOf(line, line + 1);
      if (length <= maxBytes) continue;
      oversized.push(length);
      await this.#appendSome(lines, from, line);
      from = line + 1;
    }
    await this.#appendSome(lines, from, lines.count);
    if (oversized.length > 0) throw new OversizedLines(oversized, maxBytes);
  }

  /** Lines `first` to `end` (not with it), each of which a file has room for. */
  async #appendSome(lines: Lines, first: number, end: number): Promise<void> {
    const { maxBytes } = this.#options;
    for (let from = first; from < end; ) {
      await this.#openFor(lines.bytesOf(from, from + 1));
      let to = end;
      if (maxBytes > 0 && this.#size + lines.bytesOf(from, to) > maxBytes)
        for (to = from + 1; this.#size + lines.bytesOf(from, to + 1) <= maxBytes; ) to++;
      await this.#write(lines.slice(from, to));
      from = to;
    }
  }

  async close(): Promise<void> {
    while (this.#tidying !== undefined) await this.#tidying;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle!.write(bytes, at);
      at += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /** A file with room for so many bytes. */
  async #openFor(bytes: number): Promise<void> {
    if (this.#handle === undefined) {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o755 });
      this.#handle = await open(this.#path, "a", 0o600);
      this.#size = (await this.#handle.stat()).size;
      this.#tidy();
    }
    const { maxBytes } = this.#options;
    if (maxBytes > 0 && this.#size > 0 && this.#size + bytes > maxBytes) await this.#rotate();
  }

  async #rotate(): Promise<void> {
    // Someone may have taken it away: then there is nothing to put aside.
    const found = await stat(this.#path).catch(() => undefined);
    await this.#handle?.close();
    this.#handle = undefined;
    if (found !== undefined) await rename(this.#path, await this.#backupName());
    this.#handle = await open(this.#path, "a", found === undefined ? 0o600 : found.mode & 0o777);
    this.#size = 0;
    this.#tidy();
  }

  /** Two in one millisecond would overwrite each other. */
  async #backupName(): Promise<string> {
    for (let at = this.#clock.now(); ; at++) {
      const name = `${this.#prefix}${new Date(at).toISOString().slice(0, -1).replaceAll(":", "-")}${this.#end}`;
      const path = join(dirname(this.#path), name);
      if (!(await exists(path)) && !(await exists(path + compressedEnd))) return path;
    }
  }

  get #end(): string {
    return extname(this.#path);
  }

  get #prefix(): string {
    return `${basename(this.#path, this.#end)}-`;
  }

  /** Beside what is written. */
  #tidy(): void {
    const { maxAgeDays, maxBackups, compress } = this.#options;
    if (maxAgeDays === 0 && maxBackups === 0 && !compress) return;
    if (this.#tidying !== undefined) {
      this.#tidyAgain = true;
      return;
    }
    this.#tidying = this.#tidyOnce()
      .catch(this.#onError)
      .then(() => {
        this.#tidying = undefined;
        if (!this.#tidyAgain) return;
        this.#tidyAgain = false;
        this.#tidy();
      });
  }

  async #tidyOnce(): Promise<void> {
    const { maxAgeDays, maxBackups, compress } = this.#options;
    const backups = await this.#backups();
    const oldest = maxAgeDays > 0 ? this.#clock.now() - maxAgeDays * dayMs : Number.NEGATIVE_INFINITY;
    // A file and its compressed form count once.
    const times = [...new Set(backups.map(({ at }) => at))];
    const kept = new Set(times.slice(0, maxBackups > 0 ? maxBackups : times.length).filter((at) => at >= oldest));
    const folder = dirname(this.#path);
    for (const { file, at } of backups) {
      if (!kept.has(at)) await rm(join(folder, file), { force: true });
      else if (compress && !file.endsWith(compressedEnd)) await compressFile(join(folder, file));
    }
  }

  /** The newest first. */
  async #backups(): Promise<Backup[]> {
    const found: Backup[] = [];
    for (const file of await readdir(dirname(this.#path))) {
      const plain = file.endsWith(compressedEnd) ? file.slice(0, -compressedEnd.length) : file;
      if (!plain.startsWith(this.#prefix) || !plain.endsWith(this.#end)) continue;
      const stamp = plain.slice(this.#prefix.length, plain.length - this.#end.length);
      const at = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(stamp)
        ? Date.parse(`${stamp.slice(0, 10)}${stamp.slice(10).replaceAll("-", ":")}Z`)
        : Number.NaN;
      if (!Number.isNaN(at)) found.push({ file, at });
    }
    return found.sort((a, b) => b.at - a.at);
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function compressFile(path: string): Promise<void> {
  const { mode } = await stat(path);
  try {
    const target = createWriteStream(path + compressedEnd, { mode: mode & 0o777 });
    await pipeline(createReadStream(path), createGzip(), target);
  } catch (error) {
    await rm(path + compressedEnd, { force: true });
    throw error;
  }
  await rm(path);
}
