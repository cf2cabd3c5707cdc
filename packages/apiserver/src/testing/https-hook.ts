/** An HTTPS server on loopback that answers JSON as a test tells it to: webhooks, OIDC issuers. */

import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { realClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";

export interface HookRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read bodies of every shape.
  readonly body: any;
}

export interface Hook {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM */
  readonly ca: string;
  readonly requests: HookRequest[];
  /** A kubeconfig that describes it. */
  kubeconfig(path: string): string;
  close(): Promise<void>;
}

type Said = object | string | number;

/** @param answer what to say: an object as JSON, a number as a bare status; a promise of it is waited for */
export async function httpsHook(answer: (request: HookRequest) => Said | Promise<Said>): Promise<Hook> {
  const validity = { now: realClock.now(), days: 2 };
  const authority = await createCertificateAuthority({ commonName: "hook-ca" }, validity);
  const leaf = { commonName: "hook", usages: ["server" as const], ipAddresses: ["127.0.0.1"] };
  const { certificate, key } = await createCertificate(leaf, authority, validity);
  const requests: HookRequest[] = [];
  const server = createServer({ cert: certificate, key }, (incoming, outgoing) => {
    let text = "";
    incoming.on("data", (chunk) => {
      text += chunk;
    });
    incoming.on("end", async () => {
      const body = text === "" ? undefined : JSON.parse(text);
      const request = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, body };
      requests.push(request);
      const said = await answer(request);
      if (typeof said === "number") outgoing.writeHead(said).end();
      else {
        outgoing.setHeader("content-type", "application/json");
        outgoing.end(typeof said === "string" ? said : JSON.stringify(said));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    ca: authority.certificate,
    requests,
    kubeconfig: (path) => kubeconfigOf(`${url}${path}`, authority.certificate),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function kubeconfigOf(server: string, ca: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "hook",
    clusters: [{ name: "hook", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: "api", user: { token: "from-kube-apiserver" } }],
    contexts: [{ name: "hook", context: { cluster: "hook", user: "api" } }],
  });
}
