/** The flags' part of a help text. */

import { formatDuration } from "@kubets/apimachinery";
import type { FlagSpec, FlagSpecs } from "./flags.ts";

/** A group of flags under a title of its own, as upstream's programs have them. */
export interface FlagSection {
  /** `secure serving`: shown as `Secure serving flags:`. */
  readonly title: string;
  readonly flags: FlagSpecs;
}

/** One line for each, aligned. */
export function flagHelp(specs: FlagSpecs): string {
  const rows = Object.entries(specs).map(([name, spec]) => [leftOf(name, spec), rightOf(spec)] as const);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join("\n");
}

/** For programs with many flags: by section, what each is for below its name. */
export function sectionedHelp(sections: readonly FlagSection[], width = 100): string {
  return sections
    .map(({ title, flags }) => {
      const rows = Object.entries(flags).map(
        ([name, spec]) => `${leftOf(name, spec)}\n${wrapped(rightOf(spec), "        ", width)}`,
      );
      return `${title[0]?.toUpperCase()}${title.slice(1)} flags:\n\n${rows.join("\n")}`;
    })
    .join("\n\n");
}

const placeholders: Readonly<Record<FlagSpec["type"], string>> = {
  boolean: "",
  string: "TEXT",
  number: "N",
  float: "N",
  duration: "DURATION",
  strings: "LIST",
  texts: "TEXT",
  map: "KEY=VALUE,...",
};

function leftOf(name: string, { type, value, short }: FlagSpec): string {
  const placeholder = type === "boolean" ? "" : ` ${value ?? placeholders[type]}`;
  return `  ${short === undefined ? "" : `-${short}, `}--${name}${placeholder}`;
}

function rightOf(spec: FlagSpec): string {
  const { help, ignored, deprecated } = spec;
  const notes = [
    ...(deprecated === undefined ? [] : [`Deprecated: ${deprecated}`]),
    ...(ignored === undefined ? [] : [`Accepted without effect: ${ignored}`]),
  ];
  return [`${help}${presetOf(spec)}`, ...notes].join(". ");
}

function presetOf({ type, default: preset }: FlagSpec): string {
  if (preset === undefined || preset === "" || preset === false) return "";
  if (type === "duration") return ` (default ${formatDuration(preset as number)})`;
  if (typeof preset !== "object") return ` (default ${preset})`;
  const parts = Array.isArray(preset) ? preset : Object.entries(preset).map(([key, value]) => `${key}=${value}`);
  return parts.length === 0 ? "" : ` (default ${parts.join(",")})`;
}

function wrapped(text: string, indent: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join("\n");
}
