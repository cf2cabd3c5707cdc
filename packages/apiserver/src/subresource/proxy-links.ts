/**
 * Pages and redirects of what is reached through the API server lead back through it: links to the same host get the proxy's path before their own.
 * Source: apimachinery's util/proxy/transport.go.
 */

import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from "node:zlib";

export interface ProxiedPage {
  /** The path that leads to the other side's root: `/api/v1/namespaces/default/services/web/proxy`. */
  readonly prefix: string;
  /** HOST:PORT of the other side. */
  readonly backend: string;
  /** As the client knows this server; "" when it did not say. */
  readonly host: string;
}

/** Which attributes of which elements are URLs. Source: HTML's index of attributes, as upstream has it. */
const urlAttributes: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: "href",
    applet: "codebase",
    area: "href",
    audio: "src",
    base: "href",
    blockquote: "cite",
    body: "background",
    button: "formaction",
    command: "icon",
    del: "cite",
    embed: "src",
    form: "action",
    frame: "longdesc src",
    head: "profile",
    html: "manifest",
    iframe: "longdesc src",
    img: "longdesc src usemap",
    input: "src usemap formaction",
    ins: "cite",
    link: "href",
    object: "classid codebase data usemap",
    q: "cite",
    script: "src",
    source: "src",
    video: "poster src",
  }).map(([element, names]) => [element, new Set(names.split(" "))]),
);

const urlParts = /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s;

/** The URL as it has to be for a client of the API server; itself where it leads elsewhere, or is relative. */
export function linkThrough(url: string, { prefix, backend, host }: ProxiedPage): string {
  const [, , authority = "", path = "", rest = ""] = urlParts.exec(url) ?? [];
  const itsHost = authority.replace(/^.*@/s, "");
  if ((itsHost !== "" && itsHost !== backend && itsHost !== host) || !path.startsWith("/")) return url;
  // What names this server stays as it is, but for its path.
  const before = itsHost !== "" && itsHost === host ? url.slice(0, url.length - path.length - rest.length) : "";
  return `${before}${path.startsWith(prefix) ? path : joined(prefix, path)}${rest}`;
}

/** As Go's path.Join, with the last slash kept. */
function joined(prefix: string, path: string): string {
  const segments: string[] = [];
  for (const segment of `${prefix}/${path}`.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}${path.endsWith("/") ? "/" : ""}`;
}

/** The body of a page with its links changed; undefined where it is in a form that is not understood. */
export function rewritePage(
  body: Readable,
  encoding: string,
  page: ProxiedPage,
): AsyncIterable<Uint8Array> | undefined {
  if (encoding === "") return rewritten(body, page);
  const packing = { gzip: [createGunzip, createGzip], deflate: [createInflateRaw, createDeflateRaw] } as const;
  if (encoding !== "gzip" && encoding !== "deflate") return undefined;
  const [unpack, pack] = packing[encoding];
  const packed = pack();
  // Whoever reads it sees it break when something does; who stops reading ends them all.
  pipeline(body, unpack(), (plain: AsyncIterable<Uint8Array>) => rewritten(plain, page), packed).catch(() => {});
  return packed;
}

/** A tag longer than this is passed on as it is. */
const maxTagBytes = 64 * 1024;

/** As it comes; only an unfinished tag is held back. Bytes are taken as characters, so that no encoding of the page's is changed. */
async function* rewritten(body: AsyncIterable<Uint8Array>, page: ProxiedPage): AsyncIterable<Uint8Array> {
  const scanner = new TagScanner(page);
  for await (const chunk of body) {
    const text = scanner.take(Buffer.from(chunk).toString("latin1"));
    if (text !== "") yield Buffer.from(text, "latin1");
  }
  const rest = scanner.rest();
  if (rest !== "") yield Buffer.from(rest, "latin1");
}

/** Their content is no markup. */
const rawText = new Set(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"]);
/** The value may be left out: a name must never be tried a second time. */
const attribute = /([^\s"'<>/=]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>][^\s>]*))?/g;
/** The name is taken whole: whatever of it could be an attribute too would be tried as both, at every length. */
const startTag = /^<([a-zA-Z][^\s/>]*)(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>/;

class TagScanner {
  readonly #page: ProxiedPage;
  #held = "";
  /** What ends the text that is no markup. */
  #until: string | undefined;

  constructor(page: ProxiedPage) {
    this.#page = page;
  }

  take(more: string): string {
    this.#held += more;
    let out = "";
    for (;;) {
      const done = this.#until === undefined ? this.#markup() : this.#skip(this.#until);
      if (done === undefined) return out;
      out += done;
    }
  }

  rest(): string {
    return this.#held;
  }

  /** The next piece that is whole; undefined when more has to come. */
  #markup(): string | undefined {
    const text = this.#held;
    const at = text.indexOf("<");
    if (at !== 0) return text === "" ? undefined : this.#cut(at < 0 ? text.length : at);
    if (text.startsWith("<!--")) {
      this.#until = "-->";
      return this.#cut(4);
    }
    if ("<!--".startsWith(text)) return undefined;
    if (!/^<[a-zA-Z]/.test(text)) return this.#cut(1);
    const [tag, name = "", attributes = ""] = startTag.exec(text.slice(0, maxTagBytes)) ?? [];
    if (tag === undefined) return text.length < maxTagBytes ? undefined : this.#cut(maxTagBytes);
    const element = name.toLowerCase();
    if (rawText.has(element)) this.#until = `</${element}`;
    this.#cut(tag.length);
    const urls = urlAttributes.get(element);
    return urls === undefined ? tag : `<${name}${this.#changed(attributes, urls)}>`;
  }

  #changed(attributes: string, urls: ReadonlySet<string>): string {
    return attributes.replace(attribute, (whole, name: string, equals: string, value: string | undefined) => {
      if (value === undefined || !urls.has(name.toLowerCase())) return whole;
      const quote = value[0] === '"' || value[0] === "'" ? value[0] : "";
      const url = quote === "" ? value : value.slice(1, -1);
      return `${name}${equals}${quote}${linkThrough(url.trim(), this.#page)}${quote}`;
    });
  }

  #skip(until: string): string | undefined {
    const at = this.#held.toLowerCase().indexOf(until);
    if (at >= 0) {
      this.#until = undefined;
      return this.#cut(at + (until === "-->" ? until.length : 0)) || this.#markup();
    }
    const safe = this.#held.length - until.length + 1;
    return safe > 0 ? this.#cut(safe) : undefined;
  }

  #cut(length: number): string {
    const piece = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return piece;
  }
}
