/** The certificates group. */

import type { GroupOverlay } from "./rules.ts";

export const certificatesOverlay: GroupOverlay = {
  CertificateSigningRequestSpec: { request: "pointer" },
  CertificateSigningRequestStatus: { conditions: "map=type" },
};
