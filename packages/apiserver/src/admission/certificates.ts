/**
 * Who may approve and sign certificate requests, attest trust bundles, and what no request may ask for.
 * Source: kubernetes' plugin/pkg/admission/certificates.
 */

import type { CertificateSigningRequest } from "@kubets/api";
import { deepEqual, type KubeObject } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const group = "certificates.k8s.io";
const apiServerClientSigner = "kubernetes.io/kube-apiserver-client";

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout(group, "certificatesigningrequests", ["approval"]),
    async validate(attributes) {
      // The old object's: an approval does not change the signer, whatever its body says.
      const signer = (attributes.oldObject as CertificateSigningRequest).spec?.signerName ?? "";
      if (await mayForSigner(authorizer, attributes.user, "approve", signer)) return;
      throw refuse(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout(group, "certificatesigningrequests", ["status"]),
    async validate(attributes) {
      const [request, old] = [
        attributes.object as CertificateSigningRequest,
        attributes.oldObject as CertificateSigningRequest,
      ];
      const isSigned = (request.status?.certificate ?? "") !== (old.status?.certificate ?? "");
      if (!isSigned && deepEqual(request.status?.conditions ?? [], old.status?.conditions ?? [])) return;
      const signer = old.spec?.signerName ?? "";
      if (await mayForSigner(authorizer, attributes.user, "sign", signer)) return;
      throw refuse(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Nobody asks their way into the group that may do everything. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  handles: (operation) => operation === "CREATE",
  concerns: onlyAbout(group, "certificatesigningrequests"),
  async validate(attributes) {
    const { spec } = attributes.object as CertificateSigningRequest;
    if (spec?.signerName !== apiServerClientSigner) return;
    const organizations = await organizationsOf(spec.request ?? "").catch((error: unknown) => {
      throw refuse(attributes, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (!organizations.includes("system:masters")) return;
    throw refuse(attributes, `use of ${apiServerClientSigner} signer with system:masters group is not allowed`);
  },
};

/** Of a PEM request in base64. The parser is heavy and seldom needed, so it is loaded then. */
async function organizationsOf(request: string): Promise<string[]> {
  const { organizationsOfRequest } = await import("../certificates/request-subject.ts");
  return organizationsOfRequest(Buffer.from(request, "base64").toString());
}

interface ClusterTrustBundle extends KubeObject {
  spec?: { signerName?: string };
}

export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    concerns: onlyAbout(group, "clustertrustbundles"),
    async validate(attributes) {
      const signer = (attributes.object as ClusterTrustBundle).spec?.signerName ?? "";
      if (signer === "" || isOnlyGarbageCollection(attributes.object!, attributes.oldObject)) return;
      if (await mayForSigner(authorizer, attributes.user, "attest", signer)) return;
      throw refuse(attributes, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Only finalizers and owners change, as when the garbage collector works. */
function isOnlyGarbageCollection(object: KubeObject, old: KubeObject | undefined): boolean {
  if (old === undefined) return false;
  const without = ({ metadata, ...rest }: KubeObject) => {
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, ...others } = metadata ?? {};
    return { ...rest, metadata: others };
  };
  return deepEqual(without(object), without(old));
}

/** The verb on the signer itself, or on all of its domain. */
async function mayForSigner(authorizer: Authorizer, user: UserInfo, verb: string, signer: string): Promise<boolean> {
  const may = async (name: string) => {
    const { decision } = await authorizer.authorize({
      user,
      verb,
      name,
      apiGroup: group,
      apiVersion: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      path: "",
      isResourceRequest: true,
    });
    return decision === "Allow";
  };
  if (await may(signer)) return true;
  return may(`${signer.split("/")[0]}/*`);
}
