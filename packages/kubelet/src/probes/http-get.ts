/** HTTP requests as probes and hooks make them: no certificate checks, limited redirects, a bounded body. Source: pkg/probe/http. */

import type { Clock } from "@kubets/apimachinery";

export interface HttpTarget {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly userAgent: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Set when the answer redirects to another host: the request was not sent on. */
  readonly redirectedAway: boolean;
}

const maxBody = 10 * 1024;
const maxRedirects = 10;

export class ProbeTimeout extends Error {
  override readonly name = "ProbeTimeout";
}

export function probeUrl({ scheme, host, port, path }: Pick<HttpTarget, "scheme" | "host" | "port" | "path">): URL {
  const name = host.includes(":") ? `[${host}]` : host;
  return new URL(`${scheme}://${name}:${port}${path.startsWith("/") ? path : `/${path}`}`);
}

/** Does the GET, following redirects to the same host. @throws Error as the connection failed; ProbeTimeout after `timeoutMs`. */
export async function httpGet(
  target: HttpTarget,
  options: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<HttpAnswer> {
  const deadline = new AbortController();
  const timer = options.clock.setTimeout(() => deadline.abort(), options.timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  try {
    let url = probeUrl(target);
    for (let hop = 0; ; hop++) {
      const { location, ...answer } = await once(url, target, signal);
      if (location === undefined) return { ...answer, redirectedAway: false };
      const next = new URL(location, url);
      if (next.hostname !== url.hostname) return { ...answer, redirectedAway: true };
      if (hop >= maxRedirects) throw new Error(`stopped after ${maxRedirects} redirects`);
      url = next;
    }
  } catch (error) {
    if (!deadline.signal.aborted || options.signal.aborted) throw error;
    const shown = withPort(probeUrl(target));
    throw new ProbeTimeout(
      `Get "${shown}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
  } finally {
    timer.cancel();
  }
}

interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
}

async function once(url: URL, target: HttpTarget, signal: AbortSignal): Promise<RawAnswer> {
  const isTls = url.protocol === "https:";
  const { request } = isTls ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const options = {
      method: "GET",
      agent: false,
      signal,
      headers: headersOf(target),
      ...(isTls ? { rejectUnauthorized: false } : {}),
    };
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = () => {
        const redirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).subarray(0, maxBody).toString("utf8"),
          location: redirect ? response.headers.location : undefined,
        });
      };
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < maxBody) return;
        finish();
        response.destroy();
      });
      response.on("end", finish);
      response.on("error", reject);
    });
    // Node would close the connection, and say nothing.
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: "", location: undefined });
    });
    sent.on("error", (error: NodeJS.ErrnoException) => reject(describe(error, url)));
    sent.end();
  });
}

function headersOf({ headers, userAgent }: HttpTarget): Record<string, string | string[]> {
  const result: Record<string, string[]> = {};
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    result[key] = [...(result[key] ?? []), value];
  }
  const merged: Record<string, string | string[]> = { accept: "*/*", "user-agent": userAgent, connection: "close" };
  for (const [key, values] of Object.entries(result)) {
    // An empty value removes a default header.
    if (values.length === 1 && values[0] === "" && (key === "accept" || key === "user-agent")) delete merged[key];
    else merged[key] = values.length === 1 ? values[0]! : values;
  }
  return merged;
}

/** Connection errors in the words of Go's client, which users know from events. */
function describe(error: NodeJS.ErrnoException, url: URL): Error {
  return new Error(`Get "${withPort(url)}": ${dialError(error, hostAndPort(url))}`, { cause: error });
}

const hostAndPort = (url: URL) => `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;

/** As probes are reported: the port is told also when it is the scheme's own. */
function withPort(url: URL): string {
  return `${url.protocol}//${hostAndPort(url)}${url.pathname}${url.search}`;
}

export function dialError(error: NodeJS.ErrnoException, address: string): string {
  const texts: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
    ETIMEDOUT: "i/o timeout",
  };
  if (error.code === "ECONNRESET") return "EOF";
  const text = texts[error.code ?? ""];
  return text === undefined ? error.message : `dial tcp ${address}: ${text}`;
}
