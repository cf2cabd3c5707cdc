/** The images that tests run: built offline from Debian packages, shared by all tests and runs. */

import { type BuiltImage, buildImage, busyboxImage, type ImageSpec, webImage } from "@kubets/cluster/images";
import { testImageCache } from "@kubets/cluster/node-testing";

/** A shell with its tools. */
export const busybox = "kubets.local/busybox:test";
/** nginx on port 80; the page says the version and which pod answers. */
export const web = (version: 1 | 2) => `kubets.local/web:${version}`;

const specs: readonly ImageSpec[] = [
  busyboxImage([busybox]),
  webImage([web(1)], "web version 1"),
  webImage([web(2)], "web version 2"),
];

/** All test images; `kubets image load` or `loadImage` takes their archives. The first build in a clone takes some seconds. */
export async function testImages(signal?: AbortSignal): Promise<BuiltImage[]> {
  const built: BuiltImage[] = [];
  for (const spec of specs) built.push(await buildImage(spec, testImageCache, signal));
  return built;
}
