/** The CRI log format: `2026-01-02T03:04:05.000000006Z stdout F text`. Source: the CRI logging design document. */

export interface LogEntry {
  /** As written: RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The line goes on in the next entry of this stream. */
  readonly partial: boolean;
  readonly text: string;
}

/** Undefined for a line that is not in the format. `line` has no newline at its end. */
export function parseLogLine(line: string): LogEntry | undefined {
  const first = line.indexOf(" ");
  const second = line.indexOf(" ", first + 1);
  const third = line.indexOf(" ", second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const stream = line.slice(first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const tags = line.slice(second + 1, third).split(":");
  return { time: line.slice(0, first), stream, partial: tags[0] === "P", text: line.slice(third + 1) };
}
