/** Container images made from Debian packages, without a container tool: an OCI image archive in one file. */

import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { realRandom } from "@kubets/apimachinery";
import { debianArchitecture, downloadPackages, libraryTriplet, packageEntries } from "./debian.ts";
import { readTar, type TarEntry, writeTar } from "./tar.ts";

export interface ImageSpec {
  /** Full references this image answers to: `kubets.local/demo:v1`. */
  readonly names: readonly string[];
  readonly packages: readonly string[];
  /** Dependencies to leave out. */
  readonly without?: readonly string[];
  /** Added over what the packages bring; parent directories are made. */
  readonly files?: readonly FileSpec[];
  /** Paths (files or whole directories) of the packages to leave out. */
  readonly exclude?: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly user?: string;
  readonly exposedPorts?: readonly number[];
  readonly stopSignal?: string;
}

export interface BuiltImage {
  /** Path of an OCI archive. */
  readonly archive: string;
  readonly names: readonly string[];
  /** What the runtime calls it: the digest of its configuration. */
  readonly imageId: string;
}

export type FileSpec =
  | { readonly path: string; readonly content: string; readonly mode?: number }
  | { readonly path: string; readonly symlink: string }
  | {
      readonly path: string;
      readonly directory: true;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    };

/** Documentation, translations and character sets: half of many packages, and nothing a container reads. */
const neverNeeded = [
  ...["doc", "man", "locale", "lintian", "info", "bug"].map((name) => `usr/share/${name}`),
  ...["gconv", "audit"].map((name) => `usr/lib/${libraryTriplet()}/${name}`),
];
/** Part of every cached image's key: raise it when the builder makes other bytes of the same spec. */
const builderVersion = 2;

/**
 * Builds the image, or finds it built: an OCI archive in a file named by what it is made of.
 * @param cacheDir holds the archives and downloaded packages; may be deleted at any time
 */
export async function buildImage(spec: ImageSpec, cacheDir: string, signal?: AbortSignal): Promise<BuiltImage> {
  const key = createHash("sha256")
    .update(JSON.stringify([builderVersion, debianArchitecture(), spec]))
    .digest("hex");
  const file = join(cacheDir, `${nameForFile(spec)}-${key.slice(0, 16)}.tar`);
  const known = await readFile(file).catch(() => undefined);
  if (known) return { archive: file, names: spec.names, imageId: imageIdIn(known) };
  await mkdir(cacheDir, { recursive: true });
  const archive = imageArchive(spec, writeTar(await rootfs(spec, cacheDir, signal)));
  await writeWhole(file, archive);
  return { archive: file, names: spec.names, imageId: imageIdIn(archive) };
}

/** The layer's entries: packages in the order of their names, then the spec's own files; parents before children. */
async function rootfs(spec: ImageSpec, cacheDir: string, signal?: AbortSignal): Promise<TarEntry[]> {
  const entries = new Map<string, TarEntry>();
  const debs = spec.packages.length === 0 ? [] : await downloadPackages(spec, join(cacheDir, "debian"), signal);
  const excluded = [...neverNeeded, ...(spec.exclude ?? [])];
  for (const deb of debs) {
    for (const entry of await packageEntries(deb, signal)) {
      if (excluded.some((path) => entry.path === path || entry.path.startsWith(`${path}/`))) continue;
      const known = entries.get(entry.path);
      if (known && known.type !== "directory" && entry.type === "directory") continue;
      entries.set(entry.path, entry);
    }
  }
  for (const file of spec.files ?? []) entries.set(file.path, fileEntry(file));
  addParents(entries);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)).sort(linksLast);
}

/** A hard link must come after the file it names. */
function linksLast(a: TarEntry, b: TarEntry): number {
  return Number(a.type === "hardlink") - Number(b.type === "hardlink");
}

function fileEntry(file: FileSpec): TarEntry {
  const base = { path: file.path, uid: 0, gid: 0 };
  if ("symlink" in file) return { ...base, type: "symlink", mode: 0o777, target: file.symlink };
  if ("directory" in file)
    return { ...base, type: "directory", mode: file.mode ?? 0o755, uid: file.uid ?? 0, gid: file.gid ?? 0 };
  return { ...base, type: "file", mode: file.mode ?? 0o644, data: Buffer.from(file.content) };
}

function addParents(entries: Map<string, TarEntry>): void {
  for (const path of [...entries.keys()]) {
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      const parent = path.slice(0, slash);
      if (!entries.has(parent)) entries.set(parent, { path: parent, type: "directory", mode: 0o755, uid: 0, gid: 0 });
    }
  }
}

/**
 * One uncompressed layer with its configuration, manifest and index, as the OCI image layout has them. Uncompressed, because an archive
 * that stays on this machine is loaded faster so.
 */
export function imageArchive(spec: ImageSpec, layer: Buffer): Buffer {
  const blobs = new Map<string, Buffer>();
  const blob = (mediaType: string, data: Buffer) => {
    const digest = sha256(data);
    blobs.set(digest, data);
    return { mediaType, digest, size: data.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const layerDescriptor = blob("application/vnd.oci.image.layer.v1.tar", layer);
  const platform = { architecture: debianArchitecture(), os: "linux" };
  const config = {
    created: "1970-01-01T00:00:00Z",
    ...platform,
    config: runConfig(spec),
    rootfs: { type: "layers", diff_ids: [layerDescriptor.digest] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: blob("application/vnd.oci.image.config.v1+json", json(config)),
    layers: [layerDescriptor],
  };
  const descriptor = { ...blob(manifest.mediaType, json(manifest)), platform };
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: spec.names.map((name) => ({
      ...descriptor,
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
      },
    })),
  };
  const file = (path: string, data: Buffer): TarEntry => ({ path, type: "file", mode: 0o644, uid: 0, gid: 0, data });
  return writeTar([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", json(index)),
    ...[...blobs].map(([digest, data]) => file(`blobs/${digest.replace(":", "/")}`, data)),
  ]);
}

function runConfig(spec: ImageSpec): Record<string, unknown> {
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...spec.env };
  return {
    Entrypoint: spec.entrypoint,
    ...(spec.cmd && { Cmd: spec.cmd }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(spec.workingDir && { WorkingDir: spec.workingDir }),
    ...(spec.user && { User: spec.user }),
    ...(spec.stopSignal && { StopSignal: spec.stopSignal }),
    ...(spec.exposedPorts && {
      ExposedPorts: Object.fromEntries(spec.exposedPorts.map((port) => [`${port}/tcp`, {}])),
    }),
  };
}

/** The id of the one image in an archive of ours. */
function imageIdIn(archive: Buffer): string {
  const entries = new Map<string, Buffer>();
  for (const { path, data } of readTar(archive)) if (data) entries.set(path, data);
  const json = (path: string) => JSON.parse(String(entries.get(path))) as IndexOrManifest;
  const manifest = json("index.json").manifests?.[0]?.digest ?? "";
  return json(`blobs/${manifest.replace(":", "/")}`).config?.digest ?? "";
}

interface IndexOrManifest {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
}

function nameForFile(spec: ImageSpec): string {
  return (spec.names[0] ?? "image").replaceAll(/[^a-z0-9.]+/g, "-");
}

function sha256(data: Buffer): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

/** Never leaves half a file under the final name, whenever the process dies. */
async function writeWhole(file: string, data: Buffer): Promise<void> {
  const part = `${file}.${realRandom.uuid()}.part`;
  const handle = await open(part, "w");
  try {
    await handle.writeFile(data);
  } catch (error) {
    await unlink(part);
    throw error;
  } finally {
    await handle.close();
  }
  await rename(part, file);
}
