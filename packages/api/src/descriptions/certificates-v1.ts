import type { Descriptions } from "./description.ts";

export const certificatesV1: Descriptions = {
  CertificateSigningRequest: {
    about: "A request for a certificate, which someone approves or denies and a signer fulfils.",
  },
  CertificateSigningRequestCondition: {
    about:
      "What was decided: Approved, Denied or Failed. Approved and Denied cannot be taken back, and not both be there.",
    fields: { lastUpdateTime: "When the condition was last written." },
  },
  CertificateSigningRequestSpec: {
    about: "What is requested, and who requests it. Cannot be changed.",
    fields: {
      expirationSeconds:
        "How long the certificate should hold, in seconds: 600 or more. The signer may decide otherwise.",
      extra: "What else is known of the requester. Set by the server.",
      groups: "The groups of the requester. Set by the server.",
      request: "The request, PKCS#10 in PEM, in base64.",
      signerName: "Who should sign, such as kubernetes.io/kube-apiserver-client.",
      uid: "The UID of the requester. Set by the server.",
      usages: "What the key is to be used for, such as client auth.",
      username: "The name of the requester. Set by the server.",
    },
  },
  CertificateSigningRequestStatus: {
    about: "What has become of a request.",
    fields: {
      certificate: "The certificate, with those above it, in PEM. Once there it cannot be changed.",
      conditions: "What was decided.",
    },
  },
};
