/** `url(...)`, as Go's net/url reads it. Source: k8s.io/apiserver/pkg/cel/library/urls.go. */

import { CelError } from "../cel-error.ts";
import { opaqueType } from "../types.ts";
import { ArrayList, type CelValue, NativeMap, Opaque } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

const type = opaqueType("kubernetes.URL");

interface Parts {
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class UrlValue extends Opaque {
  readonly type = type;
  readonly parts: Parts;

  constructor(parts: Parts) {
    super();
    this.parts = parts;
  }

  override equals(other: CelValue): boolean {
    return other instanceof UrlValue && other.parts.text === this.parts.text;
  }
}

/** Absolute, with a scheme or a leading slash; the parts, or what Go says is wrong. */
export function readUrl(text: string): Parts | string {
  const failed = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) return failed("net/url: invalid control character in URL");
  if (text === "") return failed("empty url");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? "";
  if (scheme === "" && text.startsWith(":")) return failed("missing protocol scheme");
  const rest = text.slice(scheme === "" ? 0 : scheme.length + 1);
  if (!rest.startsWith("/")) {
    if (scheme === "") return failed("invalid URI for request");
    const query = /\?([^#]*)/.exec(rest)?.[1] ?? "";
    return { text, scheme: scheme.toLowerCase(), host: "", path: "", query };
  }
  const [beforeFragment = ""] = rest.split("#", 1);
  const mark = beforeFragment.indexOf("?");
  const hierarchy = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const query = mark < 0 ? "" : beforeFragment.slice(mark + 1);
  const authority = hierarchy.startsWith("//") ? /^\/\/([^/]*)/.exec(hierarchy)![1]! : undefined;
  const path = authority === undefined ? hierarchy : hierarchy.slice(authority.length + 2);
  const host = authority?.slice(authority.lastIndexOf("@") + 1) ?? "";
  const wrong = wrongHost(host) ?? wrongEscape(path);
  return wrong === undefined ? { text, scheme: scheme.toLowerCase(), host, path, query } : failed(wrong);
}

function wrongEscape(text: string): string | undefined {
  const found = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0];
  return found === undefined ? undefined : `invalid URL escape ${JSON.stringify(found)}`;
}

function wrongHost(host: string): string | undefined {
  if (host.startsWith("[") && !host.includes("]")) return "missing ']' in host";
  const port = host.startsWith("[") ? host.slice(host.indexOf("]") + 1) : /:.*/s.exec(host)?.[0];
  if (port !== undefined && port !== "" && !/^:\d*$/.test(port))
    return `invalid port ${JSON.stringify(port)} after host`;
  const bad = /[ "<>\\^`{|}]/.exec(host)?.[0];
  return bad === undefined ? wrongEscape(host) : `invalid character ${JSON.stringify(bad)} in host name`;
}

function parse(text: string): UrlValue {
  const parts = readUrl(text);
  if (typeof parts === "string") throw new CelError(`URL parse error during conversion from string: ${parts}`);
  return new UrlValue(parts);
}

function hostname({ parts: { host } }: UrlValue): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  return host.replace(/:\d*$/, "");
}

function port({ parts: { host } }: UrlValue): string {
  return /:(\d*)$/.exec(host)?.[1] ?? "";
}

/** The path as it was written where that is an escape of itself, else escaped. */
function escapedPath({ parts: { path } }: UrlValue): string {
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]%]*$/.test(path)) return path;
  return path.replaceAll(/[^A-Za-z0-9\-_.~$&+,/:;=@%]/gu, (found) =>
    [...Buffer.from(found, "utf8")].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

function query({ parts }: UrlValue): NativeMap {
  const values = new Map<string, string[]>();
  for (const pair of parts.query.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const mark = pair.indexOf("=");
    const key = decodePart(mark < 0 ? pair : pair.slice(0, mark));
    const value = decodePart(mark < 0 ? "" : pair.slice(mark + 1));
    if (key === undefined || value === undefined) continue;
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  const map = new NativeMap();
  for (const [key, list] of values) map.insert(key, new ArrayList(list));
  return map;
}

function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // Not an escape, or bytes that are no UTF-8: Go leaves the first out of the query, and so are both here.
    return undefined;
  }
}

const url = "kubernetes.URL";

export const urlFunctions: readonly Overload[] = [
  overload("url", "string_to_url", `(string): ${url}`, parse),
  overload("getScheme", "url_get_scheme", `${url}.(): string`, ({ parts }: UrlValue) => parts.scheme),
  overload("getHost", "url_get_host", `${url}.(): string`, ({ parts }: UrlValue) => parts.host),
  overload("getHostname", "url_get_hostname", `${url}.(): string`, hostname),
  overload("getPort", "url_get_port", `${url}.(): string`, port),
  overload("getEscapedPath", "url_get_escaped_path", `${url}.(): string`, escapedPath),
  overload("getQuery", "url_get_query", `${url}.(): map(string, list(string))`, query),
  overload("isURL", "is_url_string", "(string): bool", (text: string) => typeof readUrl(text) !== "string"),
];
