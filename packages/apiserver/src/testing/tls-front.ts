/** A server of a test behind TLS, for what only a connection shows. */

import { realClock, silentLogger } from "@kubets/apimachinery";
import { createCertificate, type KeyPair, type Validity } from "../certificates/create.ts";
import { HttpsFront } from "../server/front.ts";
import type { ApiServer } from "../server.ts";

/** `server` on a free port of 127.0.0.1, with a certificate that `ca` signs; clients may present such ones too. */
export async function tlsFront(
  server: ApiServer,
  ca: KeyPair,
  validity: Validity,
): Promise<{ readonly front: HttpsFront; readonly port: number }> {
  const subject = { commonName: "api", usages: ["server"], ipAddresses: ["127.0.0.1"] } as const;
  const { key, certificate } = await createCertificate(subject, ca, validity);
  const front = new HttpsFront({
    tls: { key, cert: certificate, clientCAs: [{ pem: ca.certificate }] },
    bindAddress: "127.0.0.1",
    port: 0,
    clock: realClock,
    logger: silentLogger,
    handle: (incoming) => server.handle(incoming),
  });
  return { front, port: await front.listen() };
}
