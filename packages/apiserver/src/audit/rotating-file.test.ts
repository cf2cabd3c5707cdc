import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { Lines } from "./lines.ts";
import { RotatingFile, type RotationOptions } from "./rotating-file.ts";

function linesOf(...texts: string[]): Lines {
  const lines = new Lines();
  for (const text of texts) lines.add(text);
  return lines;
}

async function inFolder(options: Partial<RotationOptions>, run: (file: RotatingFile, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "rotating-"));
  const rotation = { maxBytes: 0, maxAgeDays: 0, maxBackups: 0, compress: false, ...options };
  const fail = (error: unknown) => assert.fail(String(error));
  const file = new RotatingFile(join(folder, "audit.log"), rotation, new VirtualClock(), fail);
  try {
    await run(file, folder);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}

test("lines of any size are the bytes of one write", () => {
  const long = "ä€".repeat(20_000);
  const lines = linesOf("a\n", long, "€\n");
  assert.equal(lines.count, 3);
  assert.equal(lines.slice(1, 3).toString(), `${long}€\n`);
  assert.equal(lines.bytesOf(2, 3), 4);
  lines.clear();
  assert.equal(lines.count, 0);
});

test("each line goes whole into one file", async () => {
  await inFolder({ maxBytes: 10 }, async (file, folder) => {
    await file.append(linesOf("11111\n", "222\n", "3\n", "44444\n"));
    assert.deepEqual((await readdir(folder)).sort(), ["audit-2026-01-01T00-00-00.000.log", "audit.log"]);
    assert.equal(await readFile(join(folder, "audit-2026-01-01T00-00-00.000.log"), "utf8"), "11111\n222\n");
    await file.append(linesOf("55555\n"));
    assert.equal(await readFile(join(folder, "audit-2026-01-01T00-00-00.001.log"), "utf8"), "3\n44444\n");
    await assert.rejects(file.append(linesOf("66666666666\n")), /write length 12 exceeds maximum file size 10/);
  });
});

test("a line that no file has room for takes no other with it", async () => {
  await inFolder({ maxBytes: 10 }, async (file, folder) => {
    const lost = await file
      .append(linesOf("1\n", "22222222222\n", "3\n", "44444444444\n", "5\n"))
      .catch((error) => error);
    assert.deepEqual([lost.message, lost.count], ["write length 12 exceeds maximum file size 10", 2]);
    assert.equal(await readFile(join(folder, "audit.log"), "utf8"), "1\n3\n5\n");
  });
});

test("what is there is gone on with; the old and the other are told apart", async () => {
  await inFolder({ maxBytes: 10, maxAgeDays: 2 }, async (file, folder) => {
    await writeFile(join(folder, "audit.log"), "12345\n");
    for (const name of ["audit-2025-12-29T00-00-00.000.log", "audit-2025-12-31T00-00-00.000.log.gz", "audit-notes.log"])
      await writeFile(join(folder, name), "");
    await file.append(linesOf("678\n"));
    assert.equal(await readFile(join(folder, "audit.log"), "utf8"), "12345\n678\n");
    await file.close();
    const left = (await readdir(folder)).sort();
    assert.deepEqual(left, ["audit-2025-12-31T00-00-00.000.log.gz", "audit-notes.log", "audit.log"]);
  });
});

test("a file that someone took away is made anew when it would have been put aside", async () => {
  await inFolder({ maxBytes: 10 }, async (file, folder) => {
    await file.append(linesOf("11111\n"));
    await rm(join(folder, "audit.log"));
    await file.append(linesOf("22222\n"));
    assert.deepEqual(await readdir(folder), ["audit.log"]);
    assert.equal(await readFile(join(folder, "audit.log"), "utf8"), "22222\n");
  });
});
