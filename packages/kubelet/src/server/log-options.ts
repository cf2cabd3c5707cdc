/** What of a log is wanted: the query of `/containerLogs`. Source of checks and texts: PodLogOptions and its validation. */

import { HttpError } from "./http-error.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Epoch milliseconds. */
  readonly since: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: "stdout" | "stderr" | undefined;
}

/** @throws HttpError 422 for a value that cannot be. */
export function parseLogOptions(query: URLSearchParams, now: number): LogOptions {
  const flag = (name: string): boolean => ["true", "1", ""].includes(query.get(name) ?? "false");
  const count = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      const want = least === 0 ? "greater than or equal to 0" : "greater than 0";
      throw new HttpError(422, `${name}: Invalid value: ${JSON.stringify(text)}: must be ${want}`);
    }
    return value;
  };
  const sinceSeconds = count("sinceSeconds", 1);
  const sinceTime = query.get("sinceTime");
  const stream = query.get("stream");
  const tailLines = count("tailLines", 0);
  return {
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    since: sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined,
    tailLines,
    limitBytes: count("limitBytes", 1),
    stream: stream === "Stdout" ? "stdout" : stream === "Stderr" ? "stderr" : undefined,
  };
}
