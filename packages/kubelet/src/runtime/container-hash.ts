import { type Container, fnv1a } from "@kubets/api";

/**
 * The part of a container's spec whose change means a new container, as eight hex digits. Since v1.31 upstream hashes name and image only:
 * nothing else of a running pod's containers may change in the API. 32-bit FNV-1a over the JSON, as upstream does.
 */
export function hashContainer(container: Container): string {
  const text = JSON.stringify({ name: container.name, image: container.image ?? "" });
  return fnv1a(text).toString(16);
}
