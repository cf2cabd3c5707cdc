/** Images in the runtime's store. */

import type { StringMap, Wrapped } from "./common.ts";
import type { PodSandboxConfig } from "./sandbox.ts";
import type { FilesystemUsage } from "./stats.ts";

export interface ImageSpec {
  /** A reference (`nginx:1.22`) or an id (`sha256:...`). */
  readonly image: string;
  readonly annotations?: StringMap | undefined;
  readonly userSpecifiedImage?: string | undefined;
  readonly runtimeHandler?: string | undefined;
  readonly imageRef?: string | undefined;
}

export interface Image {
  /** The digest of the image's configuration: `sha256:...`. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  /** Bytes. */
  readonly size: number;
  /** The user the image runs as: a number here or a name in `username`, or neither for root. */
  readonly uid: Wrapped | null;
  readonly username: string;
  readonly spec: ImageSpec | null;
  /** Never to be garbage-collected. */
  readonly pinned: boolean;
}

export interface ListImagesRequest {
  readonly filter?: { readonly image: ImageSpec } | undefined;
}

export interface ListImagesResponse {
  readonly images: readonly Image[];
}

export interface ImageStatusRequest {
  readonly image: ImageSpec;
  readonly verbose?: boolean | undefined;
}

export interface ImageStatusResponse {
  /** Null when the runtime does not have the image. */
  readonly image: Image | null;
  readonly info: StringMap;
}

/** Secrets: never log one. */
export interface AuthConfig {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly auth?: string | undefined;
  readonly serverAddress?: string | undefined;
  readonly identityToken?: string | undefined;
  readonly registryToken?: string | undefined;
}

export interface PullImageRequest {
  readonly image: ImageSpec;
  readonly auth?: AuthConfig | undefined;
  readonly sandboxConfig?: PodSandboxConfig | undefined;
}

export interface PullImageResponse {
  /** The image's id or digest: what `ImageSpec.image` of a container should be. */
  readonly imageRef: string;
}

export interface RemoveImageRequest {
  readonly image: ImageSpec;
}

export interface ImageFsInfoResponse {
  readonly imageFilesystems: readonly FilesystemUsage[];
  readonly containerFilesystems: readonly FilesystemUsage[];
}
