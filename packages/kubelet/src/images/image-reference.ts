/** Image references: `registry:5000/path/name:tag@sha256:...`. Source of the grammar: distribution/reference. */

const name =
  /^(?:(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tag = /^[\w][\w.-]{0,127}$/;
const digest = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

export interface ImageReference {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** Undefined when the text is no reference. */
export function parseReference(image: string): ImageReference | undefined {
  const at = image.indexOf("@");
  const rest = at < 0 ? image : image.slice(0, at);
  const digestText = at < 0 ? "" : image.slice(at + 1);
  const colon = rest.lastIndexOf(":");
  const tagged = colon > rest.lastIndexOf("/");
  const nameText = tagged ? rest.slice(0, colon) : rest;
  const tagText = tagged ? rest.slice(colon + 1) : "";
  if (!name.test(nameText) || (tagged && !tag.test(tagText)) || (at >= 0 && !digest.test(digestText))) return undefined;
  return { name: nameText, tag: tagText, digest: digestText };
}

/** With `:latest` where neither tag nor digest is given; undefined when it is no reference. */
export function withDefaultTag(image: string): string | undefined {
  // An image id is not a reference, and names an image all the same.
  if (/^sha256:[0-9a-f]{64}$/.test(image)) return image;
  const parsed = parseReference(image);
  if (parsed === undefined) return undefined;
  return parsed.tag === "" && parsed.digest === "" ? `${image}:latest` : image;
}

/** The registry's host, `docker.io` for short names. */
export function registryOf(image: string): string {
  const [first = ""] = image.split("/");
  const isHost = image.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  return isHost ? first : "docker.io";
}
