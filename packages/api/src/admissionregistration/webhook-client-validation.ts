/** Where a webhook may be: for admission, and for conversion of custom resources. Source: apiserver's util/webhook/validation.go. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  isValidPortNum,
  required,
  seenBefore,
} from "@kubets/apimachinery";

const form = "; desired format: https://host[/path]";

function validateWebhookUrl(url: string, at: FieldPath): FieldError[] {
  const parsed = parseUrl(url);
  if (typeof parsed === "string") return [required(at, `url must be a valid URL: ${parsed}${form}`)];
  const { scheme, host, user, fragment, query } = parsed;
  const errors: FieldError[] = [];
  if (scheme !== "https") {
    errors.push(invalidValue(at, scheme, `'https' is the only allowed URL scheme${form}`));
  }
  if (host === "") errors.push(invalidValue(at, host, `host must be specified${form}`));
  if (user !== undefined) errors.push(invalidValue(at, user, "user information is not permitted in the URL"));
  if (fragment !== "") errors.push(invalidValue(at, fragment, "fragments are not permitted in the URL"));
  if (query !== "") errors.push(invalidValue(at, query, "query parameters are not permitted in the URL"));
  return errors;
}

interface ParsedUrl {
  readonly scheme: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly query: string;
  readonly fragment: string;
}

/** As Go's url.Parse takes it apart, which accepts much that `new URL` does not; a text for what it refuses too. */
function parseUrl(url: string): ParsedUrl | string {
  const refuse = (why: string) => `parse ${JSON.stringify(url)}: ${why}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(url)) return refuse("net/url: invalid control character in URL");
  if (url.startsWith(":")) return refuse("missing protocol scheme");
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url);
  if (match === null) return refuse("invalid URL");
  const [, scheme = "", authority = "", rest = "", query = "", fragment = ""] = match;
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(rest + authority);
  if (badEscape !== null) return refuse(`invalid URL escape ${JSON.stringify(badEscape[0])}`);
  const sign = authority.lastIndexOf("@");
  const host = authority.slice(sign + 1);
  if (/[ <>"{}|\\^`]/.test(host)) {
    return refuse(`invalid character ${JSON.stringify(/[ <>"{}|\\^`]/.exec(host)![0])} in host name`);
  }
  const port = /:([^\]:]*)$/.exec(host);
  if (port !== null && !/^\d*$/.test(port[1]!)) return refuse(`invalid port ${JSON.stringify(port[0])} after host`);
  const user = sign < 0 ? undefined : authority.slice(0, sign);
  return { scheme: scheme.toLowerCase(), host, user, query, fragment };
}

/** AdmissionReview and ConversionReview versions that this server speaks. */
const spokenVersions = ["v1", "v1beta1"];

export function speaksReview(versions: readonly string[]): boolean {
  return versions.some((version) => spokenVersions.includes(version));
}

/** @param requireSpoken one at least must be a version that this server speaks */
export function validateReviewVersions(
  versions: readonly string[],
  at: FieldPath,
  { requireSpoken, whenMissing = "" }: { readonly requireSpoken: boolean; readonly whenMissing?: string },
): FieldError[] {
  if (versions.length === 0) return [required(at, whenMissing)];
  const seen = seenBefore<string>();
  const errors = versions.flatMap((version, i) => {
    if (seen(version)) return [invalidValue(at.index(i), version, "duplicate version")];
    return isDNS1035Label(version).map((why) => invalidValue(at.index(i), version, why));
  });
  if (requireSpoken && !speaksReview(versions)) {
    errors.push(invalidValue(at, versions, `must include at least one of ${spokenVersions.join(", ")}`));
  }
  return errors;
}

/** A webhook is at a URL or behind a Service. */
export function validateWebhookPlace(
  { url, service }: { readonly url?: string; readonly service?: WebhookServiceReference },
  at: FieldPath,
): FieldError[] {
  if (url !== undefined && service === undefined) return validateWebhookUrl(url, at.child("url"));
  if (url === undefined && service !== undefined) return validateWebhookService(service, at.child("service"));
  return [required(at, "exactly one of url or service is required")];
}

interface WebhookServiceReference {
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
  readonly port?: number;
}

function validateWebhookService(service: WebhookServiceReference, at: FieldPath): FieldError[] {
  const { name, namespace, port = 443 } = service;
  const errors: FieldError[] = [];
  if (!name) errors.push(required(at.child("name")));
  if (!namespace) errors.push(required(at.child("namespace")));
  const complaints = isValidPortNum(port);
  if (complaints.length > 0) {
    errors.push(invalidValue(at.child("port"), port, `port is not valid: ${complaints.join(", ")}`));
  }
  return [...errors, ...validatePath(service.path ?? "", at.child("path"))];
}

function validatePath(path: string, at: FieldPath): FieldError[] {
  if (path === "" || path === "/") return [];
  if (path === "//") return [invalidValue(at, path, "segment[0] may not be empty")];
  const errors = path.startsWith("/") ? [] : [invalidValue(at, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  for (const [i, step] of steps.entries()) {
    if (step === "") errors.push(invalidValue(at, path, `segment[${i}] may not be empty`));
    else for (const why of isDNS1123Subdomain(step)) errors.push(invalidValue(at, path, `segment[${i}]: ${why}`));
  }
  return errors;
}
