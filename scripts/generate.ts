/** `npm run generate`: writes packages/api/src/generated. With `--check`, writes nothing and fails when what is committed is stale. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateApi } from "./generate/generate-api.ts";

const target = fileURLToPath(new URL("../packages/api/src/generated/", import.meta.url));
const files = await generateApi();
const present = existsSync(target)
  ? readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length))
  : [];
const stale = [...files].filter(
  ([name, text]) => !present.includes(name) || readFileSync(join(target, name), "utf8") !== text,
);
const extra = present.filter((name) => !files.has(name));

if (process.argv.includes("--check")) {
  const names = [...stale.map(([name]) => name), ...extra].sort();
  for (const name of names) console.error(`stale: packages/api/src/generated/${name}`);
  if (names.length > 0) console.error("Run `npm run generate` and commit what it writes.");
  process.exitCode = names.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), text);
  }
  for (const name of extra) rmSync(join(target, name));
  console.log(`${stale.length} written, ${extra.length} removed, ${files.size} in all`);
}
