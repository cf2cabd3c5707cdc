/** The log of a background program: JSON lines in a file that is put aside when it has grown. */

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Logger, LogValues } from "@kubets/apimachinery";
import { pino } from "pino";

const maxBytes = 10 * 1024 * 1024;
const keptFiles = 3;

/** Writes at once and in order: what a killed program last said is there. */
export class RotatingFile {
  readonly #path: string;
  #descriptor: number;
  #bytes: number;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#descriptor = openSync(path, "a", 0o640);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  write(line: string): void {
    try {
      this.#bytes += writeSync(this.#descriptor, line);
      if (this.#bytes > maxBytes) this.#rotate();
    } catch {
      // A full disk must not end the program that wanted to say so.
    }
  }

  #rotate(): void {
    for (let i = keptFiles - 1; i > 0; i--) {
      const from = i === 1 ? this.#path : `${this.#path}.${i - 1}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${i}`);
    }
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#path, "a", 0o640);
    this.#bytes = 0;
  }
}

export interface FileLoggerOptions {
  readonly file: string;
  readonly level?: string;
}

export function fileLogger({ file, level = process.env["KUBETS_LOG_LEVEL"] ?? "info" }: FileLoggerOptions): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    new RotatingFile(file),
  );
  return wrap(logger);
}

/**
 * What an error says, its code, and where it was raised, causes included. Nothing else of it: errors of libraries carry whole requests,
 * whose headers and bodies hold tokens and secrets.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}

/** Our order of arguments over pino's. */
function wrap(logger: import("pino").Logger): Logger {
  return {
    debug: (message, values) => logger.debug(values ?? {}, message),
    info: (message, values) => logger.info(values ?? {}, message),
    warn: (message, values) => logger.warn(values ?? {}, message),
    error: (message, values) => logger.error(values ?? {}, message),
    child: (values: LogValues) => wrap(logger.child(values)),
  };
}
