import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { followFile } from "./watched-file.ts";

/** A file that is refused twice. @returns how often it was tried until it was taken, or after some minutes */
async function attempts(retry: boolean): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "kubets-watched-"));
  const path = join(directory, "file");
  writeFileSync(path, "new");
  const clock = new VirtualClock();
  const stop = new AbortController();
  let tried = 0;
  const apply = () => {
    tried++;
    if (tried < 3) throw new Error("not now");
  };
  const following = followFile({ path, content: "old", clock, logger: silentLogger, retry, apply }, stop.signal);
  try {
    // Files are read beside the clock: on a busy machine a minute may be over before that is done.
    for (let minute = 0; minute < 8 || (tried < (retry ? 3 : 1) && minute < 2000); minute++) {
      await clock.advance(60_001);
      await realClock.sleep(5);
    }
    return tried;
  } finally {
    stop.abort();
    await following;
    rmSync(directory, { recursive: true });
  }
}

test("what was refused is tried again every minute only where it may be taken later", async () => {
  assert.deepEqual([await attempts(false), await attempts(true)], [1, 3]);
});
