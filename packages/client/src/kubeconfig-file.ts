/** Changing a user's kubeconfig: entries of ours are added, replaced or removed; everything else, comments included, stays as it was. */

import { mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Random, realClock, realRandom } from "@kubets/apimachinery";
import type { Document, YAMLMap, YAMLSeq } from "yaml";
import { type Kubeconfig, type KubeconfigCluster, KubeconfigError, type KubeconfigUser } from "./kubeconfig.ts";

type Yaml = typeof import("yaml");

/** Late: it is large, and most programs that import this package never write a kubeconfig. */
function loadYaml(): Promise<Yaml> {
  return import("yaml");
}

/** A cluster, its user and the context of both, to be written as one. */
export interface KubeconfigEntry {
  /** Of the cluster, the user and the context alike. */
  readonly name: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace?: string;
}

export interface KubeconfigFileOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly signal?: AbortSignal;
}

/** A kubeconfig with one context, as text. */
export async function formatKubeconfig(entry: KubeconfigEntry): Promise<string> {
  const { stringify } = await loadYaml();
  const { name, cluster, user, namespace } = entry;
  const config: Kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
  };
  return stringify(config);
}

/** Adds or replaces the entry and makes it the current context. Other processes see the old file or the new one, never half. */
export async function writeKubeconfigContext(
  path: string,
  entry: KubeconfigEntry,
  options: KubeconfigFileOptions = {},
): Promise<void> {
  await change(path, options, async (text) => {
    if (text.trim() === "") return formatKubeconfig(entry);
    const yaml = await loadYaml();
    const document = documentOf(yaml, text, path);
    const { name, cluster, user } = entry;
    // A namespace the user has set for the context is theirs to keep.
    const namespace = entry.namespace ?? namespaceOf(yaml, document, name);
    put(yaml, document, "clusters", { name, cluster });
    put(yaml, document, "users", { name, user });
    put(yaml, document, "contexts", {
      name,
      context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
    });
    document.set("current-context", name);
    return document.toString();
  });
}

/** Removes the cluster, user and context of this name; a current-context that named it becomes empty. A missing file is left missing. */
export async function removeKubeconfigContext(
  path: string,
  name: string,
  options: KubeconfigFileOptions = {},
): Promise<void> {
  await change(path, options, async (text) => {
    if (text.trim() === "") return undefined;
    const yaml = await loadYaml();
    const { isMap, isSeq } = yaml;
    const document = documentOf(yaml, text, path);
    for (const section of ["clusters", "users", "contexts"]) {
      const list = document.get(section);
      if (isSeq(list)) list.items = list.items.filter((item) => !(isMap(item) && item.get("name") === name));
    }
    if (document.get("current-context") === name) document.set("current-context", "");
    return document.toString();
  });
}

function documentOf({ parseDocument, isMap }: Yaml, text: string, path: string): Document {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new KubeconfigError(`change kubeconfig ${path}: not YAML`, { cause: document.errors[0] });
  if (!isMap(document.contents))
    throw new KubeconfigError(`change kubeconfig ${path}: found no mapping of clusters, users and contexts`);
  return document as unknown as Document;
}

function namespaceOf({ isMap, isSeq }: Yaml, document: Document, name: string): string | undefined {
  const list = document.get("contexts");
  const found = isSeq(list) ? list.items.find((item) => isMap(item) && item.get("name") === name) : undefined;
  const namespace = isMap(found) ? found.getIn(["context", "namespace"]) : undefined;
  return typeof namespace === "string" && namespace !== "" ? namespace : undefined;
}

function put(
  { isMap, isSeq }: Yaml,
  document: Document,
  section: string,
  entry: { readonly name: string } & Record<string, unknown>,
): void {
  const node = document.createNode(entry);
  const list = document.get(section) as YAMLSeq | null | undefined;
  if (!isSeq(list)) {
    document.set(section, document.createNode([entry]));
    return;
  }
  // An empty list is often written `[]`, which would put everything on one line.
  list.flow = false;
  const at = list.items.findIndex((item) => isMap(item) && (item as YAMLMap).get("name") === entry.name);
  if (at < 0) list.items.push(node);
  else list.items[at] = node;
}

/** Reads, edits and replaces the file under kubectl's lock. `edit` gives undefined to leave it alone. */
async function change(
  path: string,
  options: KubeconfigFileOptions,
  edit: (text: string) => Promise<string | undefined>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  // Through a symbolic link, not over it.
  const target = await realpath(path).catch(() => path);
  const unlock = await lock(`${target}.lock`, options);
  try {
    const old = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const next = await edit(old);
    if (next !== undefined && next !== old) await replace(target, next, options.random ?? realRandom);
  } finally {
    await unlock();
  }
}

async function replace(target: string, text: string, random: Random): Promise<void> {
  const temporary = `${target}.${random.uuid()}`;
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

const lockRetryMs = 50;
/** A lock this old belongs to a process that died with it. */
const staleLockMs = 10_000;

async function lock(path: string, options: KubeconfigFileOptions): Promise<() => Promise<void>> {
  const clock = options.clock ?? realClock;
  for (;;) {
    try {
      await (await open(path, "wx", 0o600)).close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = await stat(path).then(
      (found) => clock.now() - found.mtimeMs,
      () => 0,
    );
    if (age > staleLockMs) await rm(path, { force: true });
    else await clock.sleep(lockRetryMs, options.signal);
  }
}
