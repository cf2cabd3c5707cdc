/** What a program logs to its standard streams, in the two formats of upstream's programs: klog's text, and JSON. */

import { type Logger, type LogValues, messageOf } from "@kubets/apimachinery";

export interface StreamLoggerOptions {
  /** Names the program in each line of text, where klog has a source file. */
  readonly program: string;
  readonly format: "text" | "json";
  /** `-v`: from 4 on, debugging too. */
  readonly verbosity: number;
  /** Errors and all else go apart; otherwise all goes to standard error. */
  readonly split: boolean;
}

type Severity = "debug" | "info" | "warn" | "error";

const debugVerbosity = 4;

export function streamLogger({ program, format, verbosity, split }: StreamLoggerOptions): Logger {
  const write = (severity: Severity, message: string, values: LogValues) => {
    if (severity === "debug" && verbosity < debugVerbosity) return;
    const line = format === "json" ? jsonLine(severity, message, values) : textLine(program, severity, message, values);
    const stream = split && severity !== "error" ? process.stdout : process.stderr;
    stream.write(`${line}\n`);
  };
  const make = (fixed: LogValues): Logger => ({
    debug: (message, values) => write("debug", message, { ...fixed, ...values }),
    info: (message, values) => write("info", message, { ...fixed, ...values }),
    warn: (message, values) => write("warn", message, { ...fixed, ...values }),
    error: (message, values) => write("error", message, { ...fixed, ...values }),
    child: (values) => make({ ...fixed, ...values }),
  });
  return make({});
}

const letters: Readonly<Record<Severity, string>> = { debug: "I", info: "I", warn: "W", error: "E" };

/** As `I1121 05:04:34.123456    4711 kube-apiserver] "Opened the store" revision=7`. */
function textLine(program: string, severity: Severity, message: string, values: LogValues): string {
  const now = new Date().toISOString();
  const date = `${now.slice(5, 7)}${now.slice(8, 10)}`;
  const pairs = Object.entries(values).map(([key, value]) => ` ${key}=${textValue(value)}`);
  const pid = String(process.pid).padStart(7);
  return `${letters[severity]}${date} ${now.slice(11, 23)}000 ${pid} ${program}] ${JSON.stringify(message)}${pairs.join("")}`;
}

function textValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "object" && value !== null && !(value instanceof Error)) return JSON.stringify(value);
  return JSON.stringify(plain(value));
}

/** As zap's, with upstream's keys. */
function jsonLine(severity: Severity, message: string, values: LogValues): string {
  const now = Date.now();
  const level = severity === "error" ? {} : { v: severity === "debug" ? debugVerbosity : 0 };
  const shown = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, plain(value)]));
  return JSON.stringify({ ts: now, msg: message, ...level, ...shown });
}

/** Nothing of an error but what it says: libraries put whole requests into theirs, with tokens and secrets. */
function plain(value: unknown): unknown {
  return value instanceof Error ? messageOf(value) : value;
}
