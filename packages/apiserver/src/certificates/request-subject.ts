/** What a certificate signing request asks to be. Source: kubernetes' pkg/apis/certificates/helpers.go (ParseCSR). */

import "reflect-metadata";
import { PemConverter, Pkcs10CertificateRequest } from "@peculiar/x509";

/** The organizations of its subject, which are a user's groups. @throws Error when the PEM or what is in it is no request */
export function organizationsOfRequest(pem: string): string[] {
  if (!/-----BEGIN CERTIFICATE REQUEST-----/.test(pem)) throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const [first] = PemConverter.decode(pem);
  if (first === undefined) throw new Error("PEM block type must be CERTIFICATE REQUEST");
  return new Pkcs10CertificateRequest(first).subjectName.getField("O");
}
