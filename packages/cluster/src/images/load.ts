/** Putting image archives into a node's containerd. */

import { type Clock, type Logger, realClock } from "@kubets/apimachinery";
import { connectRuntime } from "@kubets/cri";
import type { NodeLayout } from "../node/layout.ts";
import { run } from "../process.ts";
import type { BuiltImage } from "./build.ts";

export interface LoadOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/**
 * Loads every image of an OCI or Docker archive and returns their names, usable in pods when this resolves.
 * An image that `buildImage` made is not loaded again where it is already.
 * @throws CommandError when containerd refuses the archive
 */
export async function loadImage(
  layout: NodeLayout,
  image: string | BuiltImage,
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const clock = options.clock ?? realClock;
  const client = await connectRuntime(layout.socketPath, { clock });
  const idOf = async (name: string) =>
    (await client.image.imageStatus({ image: { image: name } }, { signal: options.signal })).image?.id;
  const haveAll = async (names: readonly string[]) => {
    const ids = await Promise.all(names.map(idOf));
    return ids.every((id) => id !== undefined && (typeof image === "string" || id === image.imageId));
  };
  try {
    if (typeof image !== "string" && (await haveAll(image.names))) return image.names;
    const archive = typeof image === "string" ? image : image.archive;
    const names = await importArchive(layout, archive, options.signal);
    // The runtime interface learns of the image by an event, a moment after the import ends.
    for (let pauseMs = 2; pauseMs < 4000 && !(await haveAll(names)); pauseMs *= 2)
      await clock.sleep(pauseMs, options.signal);
    return names;
  } finally {
    client.close();
  }
}

async function importArchive(layout: NodeLayout, archive: string, signal?: AbortSignal): Promise<string[]> {
  const args = ["--address", layout.socketPath, "--namespace", "k8s.io", "images", "import", archive];
  const { stdout } = await run("ctr", args, signal ? { signal } : {});
  return [...stdout.matchAll(/^unpacking (\S+)/gm)].map((match) => match[1]!);
}
