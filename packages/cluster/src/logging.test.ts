import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileLogger } from "./logging.ts";

test("an error is logged by what it says, not by what it carries", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-log-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "x.log");
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED", options: { headers: "Bearer s3cret" } });
  const err = Object.assign(new TypeError("could not ask", { cause }), { request: { token: "s3cret" } });
  fileLogger({ file }).error("Failed", { err, name: "n" });
  const text = readFileSync(file, "utf8");
  assert.doesNotMatch(text, /s3cret/);
  const { level, msg, name, err: logged } = JSON.parse(text);
  assert.deepEqual([level, msg, name], ["error", "Failed", "n"]);
  assert.deepEqual([logged.type, logged.message, logged.cause.code], ["TypeError", "could not ask", "ECONNREFUSED"]);
});
