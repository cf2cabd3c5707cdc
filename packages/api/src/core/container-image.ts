/** Image references, as far as the API needs them: the tag decides the default pull policy. Source: distribution's reference grammar. */

const domain =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?$/;
const pathComponent = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagFormat = /^[\w][\w.-]{0,127}$/;
const digestFormat = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/**
 * The tag of an image reference: `latest` when it has neither tag nor digest, "" when it has only a digest,
 * undefined when it is not a reference at all.
 */
export function imageTag(image: string): string | undefined {
  const at = image.indexOf("@");
  const digest = at < 0 ? undefined : image.slice(at + 1);
  if (digest !== undefined && !digestFormat.test(digest)) return undefined;

  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagFormat.test(tag)) return undefined;

  const components = (colon < 0 ? named : named.slice(0, colon)).split("/");
  const first = components[0] ?? "";
  const hasDomain =
    components.length > 1 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (hasDomain && !domain.test(first)) return undefined;
  if (!(hasDomain ? components.slice(1) : components).every((each) => pathComponent.test(each))) return undefined;

  return tag ?? (digest === undefined ? "latest" : "");
}

/** `Always` for an image tagged `latest` (or not at all), else `IfNotPresent`. */
export function defaultPullPolicy(image: string): "Always" | "IfNotPresent" {
  return imageTag(image) === "latest" ? "Always" : "IfNotPresent";
}
