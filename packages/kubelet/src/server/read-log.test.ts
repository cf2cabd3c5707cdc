import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { parseLogOptions } from "./log-options.ts";
import { readLog } from "./read-log.ts";

const line = (second: number, text: string, stream = "stdout", tag = "F") =>
  `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z ${stream} ${tag} ${text}\n`;

describe("readLog", () => {
  let directory = "";
  let path = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kubets-log-"));
    path = join(directory, "0.log");
    await writeFile(
      path,
      line(1, "one") + line(2, "two", "stderr") + line(3, "thr", "stdout", "P") + line(3, "ee") + line(4, "four"),
    );
  });
  afterEach(() => rm(directory, { recursive: true }));

  const options = (query: string) => parseLogOptions(new URLSearchParams(query), Date.parse("2026-01-01T00:00:05Z"));
  async function read(query: string, ended: Promise<void> = Promise.resolve()): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of readLog({ path, ended }, options(query), AbortSignal.timeout(30_000))) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  for (const [query, want] of [
    ["", "one\ntwo\nthree\nfour\n"],
    ["tailLines=1", "four\n"],
    ["tailLines=2", "ee\nfour\n"],
    ["tailLines=0", ""],
    ["tailLines=99", "one\ntwo\nthree\nfour\n"],
    ["sinceTime=2026-01-01T00:00:04Z", "four\n"],
    ["sinceSeconds=1", "four\n"],
    ["limitBytes=5", "one\nt"],
    ["stream=Stderr", "two\n"],
    ["tailLines=1&timestamps=true", "2026-01-01T00:00:04.000000000Z four\n"],
  ] as const) {
    it(query || "all", async () => assert.equal(await read(query), want));
  }

  it("hands on every byte as it was written", async () => {
    const cut = Buffer.from("é");
    const line = (tag: string, ...bytes: number[]) =>
      Buffer.concat([
        Buffer.from(`2026-01-01T00:00:01.000000000Z stdout ${tag} `),
        Buffer.from(bytes),
        Buffer.from("\n"),
      ]);
    await writeFile(path, Buffer.concat([line("P", 0xff, cut[0]!), line("F", cut[1]!)]));
    const chunks: Buffer[] = [];
    const source = { path, ended: Promise.resolve() };
    for await (const chunk of readLog(source, options(""), AbortSignal.timeout(30_000))) chunks.push(chunk);
    assert.deepEqual([...Buffer.concat(chunks)], [0xff, ...cut, 0x0a]);
  });

  it("follows, through a rotation, until the container has ended", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const chunks = readLog({ path, ended: promise }, options("follow=true&tailLines=1"), AbortSignal.timeout(30_000));
    const next = async () => String((await chunks.next()).value);
    assert.equal(await next(), "four\n");
    await appendFile(path, line(5, "five"));
    assert.equal(await next(), "five\n");
    await rename(path, `${path}.1`);
    await writeFile(path, line(6, "six"));
    assert.equal(await next(), "six\n");
    resolve();
    assert.equal((await chunks.next()).done, true);
  });

  it("refuses what cannot be", () => {
    assert.throws(() => options("tailLines=-1"), { code: 422 });
    assert.throws(() => options("sinceSeconds=0"), { code: 422 });
  });
});
