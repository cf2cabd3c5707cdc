import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeTestSkip } from "../node/testing.ts";
import { buildImage } from "./build.ts";
import { demoImage, pauseImage } from "./catalog.ts";
import { readTar } from "./tar.ts";

test("Debian packages become an image: the same bytes wherever it is built, and only once in one place", {
  skip: nodeTestSkip(),
}, async (t) => {
  const dirs = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "kubets-images-"))));
  t.after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));
  const [one, two] = await Promise.all(dirs.map((dir) => buildImage(pauseImage(), dir)));
  assert.ok((await readFile(one!.archive)).equals(await readFile(two!.archive)));
  assert.deepEqual(await buildImage(pauseImage(), dirs[0]!), one);
});

test("the web image holds nginx and what it links to, and no documentation", { skip: nodeTestSkip() }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "kubets-images-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const { archive } = await buildImage(demoImage("v1"), dir);
  const blobs = [...readTar(await readFile(archive))].flatMap(({ data }) => data ?? []);
  const layer = blobs.toSorted((a, b) => b.length - a.length)[0]!;
  const paths = [...readTar(layer)].map(({ path }) => path);
  for (const path of ["usr/sbin/nginx", "etc/nginx/nginx.conf", "etc/nginx/mime.types", "bin/sh", "tmp"])
    assert.ok(paths.includes(path), path);
  assert.deepEqual(
    paths.filter((path) => path.startsWith("usr/share/doc") || path.includes("gconv")),
    [],
  );
  // Parents before children.
  for (const path of paths) {
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    assert.ok(parent === "" || paths.indexOf(parent) < paths.indexOf(path), path);
  }
});
