import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { unheardError } from "./unheard-errors.ts";

test("a program that serves outlives what nobody listens for, and says so", () => {
  const module = JSON.stringify(new URL("./unheard-errors.ts", import.meta.url).href);
  const program = `
    import { EventEmitter } from "node:events";
    import { surviveUnheardErrors } from ${module};
    surviveUnheardErrors({ error: (message, { err }) => console.log(message + ": " + err.message) });
    setImmediate(() => new EventEmitter().emit("error", new Error("of an emitter")));
    setImmediate(() => void Promise.reject(new Error("of a promise")));
    setTimeout(() => console.log("it serves"), 20);
  `;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const said = stdout.trimEnd().split("\n");
  assert.deepEqual(said, [`${unheardError}: of an emitter`, `${unheardError}: of a promise`, "it serves"]);
  assert.equal(status, 0);
});
