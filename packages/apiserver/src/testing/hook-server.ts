/** A real HTTPS server on loopback that answers as a test tells it, and its certificate: what a webhook or an aggregated API server is. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { realClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";

export interface HookServer {
  readonly port: number;
  /** Of the authority that signed its certificate: PEM, and base64 of that. */
  readonly ca: string;
  readonly caBundle: string;
  url(path: string): string;
  close(): void;
}

export type HookHandler = (request: IncomingMessage, body: string, response: ServerResponse) => unknown;

/** @param handle what it returns is answered as JSON; undefined when it has answered, or never will */
export async function hookServer(
  handle: HookHandler,
  options: {
    readonly dnsNames?: readonly string[];
    readonly clientCA?: string;
    readonly onUpgrade?: (request: IncomingMessage, socket: Socket) => void;
  } = {},
): Promise<HookServer> {
  const validity = { now: realClock.now(), days: 2 };
  const authority = await createCertificateAuthority({ commonName: "hook-ca" }, validity);
  const { certificate, key } = await createCertificate(
    { commonName: "hook", usages: ["server"], dnsNames: options.dnsNames ?? [], ipAddresses: ["127.0.0.1"] },
    authority,
    validity,
  );
  const { clientCA } = options;
  const verify = clientCA === undefined ? {} : { ca: clientCA, requestCert: true, rejectUnauthorized: false };
  const server = createServer({ cert: certificate, key, ...verify }, (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const answer = handle(request, body, response);
      if (answer === undefined) return;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer));
    });
  });
  if (options.onUpgrade !== undefined) server.on("upgrade", options.onUpgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ca: authority.certificate,
    caBundle: Buffer.from(authority.certificate).toString("base64"),
    url: (path) => `https://127.0.0.1:${port}${path}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
