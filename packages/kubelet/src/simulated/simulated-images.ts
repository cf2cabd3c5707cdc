import { createHash } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";

const imageBytes = 10_000_000;

/** Images that are only names: any can be pulled, and then is there. */
export class SimulatedImages implements cri.ImageService {
  readonly #clock: Clock;
  readonly #pullMs: number;
  readonly #images = new Map<string, cri.Image>();

  constructor(clock: Clock, pullMs: number) {
    this.#clock = clock;
    this.#pullMs = pullMs;
  }

  listImages: cri.ImageService["listImages"] = async () => ({ images: [...new Set(this.#images.values())] });

  imageStatus: cri.ImageService["imageStatus"] = async ({ image }) => ({
    image: this.#images.get(image.image) ?? null,
    info: {},
  });

  pullImage: cri.ImageService["pullImage"] = async ({ image }, options) => {
    if (this.#pullMs > 0) await this.#clock.sleep(this.#pullMs, options?.signal);
    const id = `sha256:${createHash("sha256").update(image.image).digest("hex")}`;
    const pulled: cri.Image = {
      id,
      repoTags: [image.image],
      repoDigests: [],
      size: imageBytes,
      uid: { value: 0 },
      username: "",
      spec: image,
      pinned: false,
    };
    this.#images.set(image.image, pulled);
    this.#images.set(id, pulled);
    return { imageRef: id };
  };

  removeImage: cri.ImageService["removeImage"] = async ({ image }) => {
    this.#images.delete(image.image);
    return {};
  };

  imageFsInfo: cri.ImageService["imageFsInfo"] = async () => ({ imageFilesystems: [], containerFilesystems: [] });
}
