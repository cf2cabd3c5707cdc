import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type ImageSpec, imageArchive } from "./build.ts";
import { readTar, writeTar } from "./tar.ts";

const spec: ImageSpec = {
  names: ["kubets.local/a:1", "kubets.local/a:latest"],
  packages: [],
  entrypoint: ["/bin/a"],
  cmd: ["--now"],
  env: { A: "b" },
  exposedPorts: [80],
  stopSignal: "SIGQUIT",
};
const layer = writeTar([{ path: "bin/a", type: "file", mode: 0o755, uid: 0, gid: 0, data: Buffer.from("a") }]);
const sha256 = (data: Buffer) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

function open(archive: Buffer) {
  const files = new Map([...readTar(archive)].map(({ path, data }) => [path, data ?? Buffer.alloc(0)]));
  const json = (path: string) => JSON.parse(String(files.get(path)));
  return { files, json, blob: (digest: string) => json(`blobs/${digest.replace(":", "/")}`) };
}

test("every blob is named by its digest, and every descriptor leads to one of its size", () => {
  const { files, json, blob } = open(imageArchive(spec, layer));
  for (const [path, data] of files) {
    if (path.startsWith("blobs/")) assert.equal(path, `blobs/${sha256(data).replace(":", "/")}`);
  }
  const [first, second] = json("index.json").manifests;
  assert.equal(first.digest, second.digest);
  const manifest = blob(first.digest);
  for (const { digest, size } of [first, manifest.config, ...manifest.layers]) {
    assert.equal(files.get(`blobs/${digest.replace(":", "/")}`)?.length, size);
  }
  assert.deepEqual(blob(manifest.config.digest).rootfs, { type: "layers", diff_ids: [sha256(layer)] });
});

test("the image answers to all its names, and runs as its spec says", () => {
  const { json, blob } = open(imageArchive(spec, layer));
  const { manifests } = json("index.json");
  assert.deepEqual(
    manifests.map(
      ({ annotations }: { annotations: Record<string, string> }) => annotations["io.containerd.image.name"],
    ),
    spec.names,
  );
  assert.deepEqual(blob(blob(manifests[0].digest).config.digest).config, {
    Entrypoint: ["/bin/a"],
    Cmd: ["--now"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=b"],
    StopSignal: "SIGQUIT",
    ExposedPorts: { "80/tcp": {} },
  });
});

test("the same image makes the same bytes", () => {
  assert.ok(imageArchive(spec, layer).equals(imageArchive(spec, layer)));
});
