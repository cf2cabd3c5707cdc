/** The project's own files, as git sees them: tracked, or new and not ignored. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

export function sourceFiles(...patterns: string[]): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "-co", "--exclude-standard", "--", ...(patterns.length ? patterns : ["*.ts"])],
    {
      encoding: "utf8",
      maxBuffer: 64 << 20,
    },
  );
  return listed
    .split("\n")
    .filter((f) => f !== "" && existsSync(f))
    .sort();
}
