import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "@kubets/apimachinery";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates.ts";
import { admitBy, authorizerThat, fieldsOf, refuses, requestOn } from "./testing.ts";

test("certificates: approving, signing, and who nobody may ask to be", async () => {
  const { authorizer, asked } = authorizerThat(({ verb, name }) => verb === "approve" && name === "example.com/*");
  const csr = (signerName: string, status: object = {}, request = "") =>
    fieldsOf({ metadata: { name: "csr" }, spec: { signerName, request }, status });
  const update = (subresource: string, object: KubeObject, oldObject: KubeObject) =>
    requestOn("certificatesigningrequests.certificates.k8s.io", {
      operation: "UPDATE",
      subresource,
      object,
      oldObject,
    });
  const approve = (signer: string) =>
    admitBy(certificateApproval(authorizer), update("approval", csr(signer), csr(signer)));
  await approve("example.com/web");
  assert.deepEqual(
    asked.map(({ resource, name }) => `${resource} ${name}`),
    ["signers example.com/web", "signers example.com/*"],
  );
  await refuses(
    approve("other.org/web"),
    'certificatesigningrequests.certificates.k8s.io "csr" is forbidden: user not permitted to approve requests with signerName "other.org/web"',
  );
  const signing = certificateSigning(authorizer);
  await admitBy(signing, update("status", csr("example.com/web"), csr("example.com/web")));
  await refuses(
    admitBy(signing, update("status", csr("example.com/web", { certificate: "x" }), csr("example.com/web"))),
    /user not permitted to sign requests with signerName "example\.com\/web"/,
  );
  const ask = (organization: string) =>
    newRequest(organization).then((request) =>
      admitBy(
        certificateSubjectRestriction,
        requestOn("certificatesigningrequests.certificates.k8s.io", {
          object: csr("kubernetes.io/kube-apiserver-client", {}, request),
        }),
      ),
    );
  await ask("dev");
  await refuses(
    ask("system:masters"),
    /use of kubernetes\.io\/kube-apiserver-client signer with system:masters group is not allowed/,
  );
});

/** A certificate signing request as a CertificateSigningRequest holds it: PEM in base64. */
async function newRequest(organization: string): Promise<string> {
  await import("reflect-metadata");
  const { Pkcs10CertificateRequestGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=jane,O=${organization}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(request.toString("pem")).toString("base64");
}
