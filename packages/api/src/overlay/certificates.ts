/** The certificates group. */

import type { GroupOverlay } from "./rules.ts";

export const certificatesOverlay: GroupOverlay = {
  CertificateSigningRequestSpec: { request: "pointer" },
  CertificateSigningRequestStatus: { conditions: "map=type" },
  PodCertificateRequestSpec: { maxExpirationSeconds: "default=86400" },
  PodCertificateRequestStatus: { conditions: "map=type strategy=merge key=type" },
};
