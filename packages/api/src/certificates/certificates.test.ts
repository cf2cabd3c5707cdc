import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze } from "@kubets/apimachinery";
import { kindOf, refusesCreate, type Thing, texts } from "../testing.ts";
import { approvalStrategy } from "./certificate-signing-request.ts";
import { certificateRequestProblem } from "./pem.ts";

const requests = kindOf("certificates.k8s.io", "certificatesigningrequests");

const ed25519 =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHdU1HSUNBUUF3THpFVk1CTUdBMVVFQ2d3TWMzbHpkR1Z0T201dlpHVnpNUll3RkFZRFZRUUREQTF6ZVhOMApaVzA2Ym05a1pUcGhNQ293QlFZREsyVndBeUVBbmVRcTNrNXB5ZVhhUGVBNFpSRDNWUUFLQXNzcDc0amkwbjg1CnJORkdsUnVnQURBRkJnTXJaWEFEUVFDbDJudzloeG5seWNmSWY2RE15cW9vck1iVUVIV3Y4R0EyNmVhL2ttaU0KMkU4dGVIM0FHbkhNUW5XcEo3WkxSWVF1OUk0a2xOMHZMeFRCdnlzY2g5Y1AKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
const ecdsa =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1HNENBUUF3RERFS01BZ0dBMVVFQXd3QllUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCUEtBNytxM2Q4cUVuZmQrdDhmd1hpT0lLb3lkaEYxbEJKZUJxNVIzUEM0cUpIVlJNbGdSd3lqM3g0SzlWN2c3CkZUMTVJVFZnbjJvWC9RUldFM25XK28rZ0FEQUtCZ2dxaGtqT1BRUURBZ05KQURCR0FpRUE1ZXZ2c1U2UjlyMEEKS3c2R2NUMG5xV3d0aTREZGxuY0MxL3liSDFFUGpqMENJUUROMW9iWk5zbFZLM1V1RW1aTFBrTHM5LzcwNVhreQpUVHBleEsrVEpzQXludz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";

const given = (spec: object = {}, status?: object) => ({
  metadata: { name: "any name: at all" },
  spec: { request: ed25519, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], ...spec },
  ...(status === undefined ? {} : { status }),
});

test("a request's own signature is checked", () => {
  assert.equal(certificateRequestProblem(ed25519), undefined);
  assert.equal(certificateRequestProblem(ecdsa), undefined);
  const tampered = (base64: string) => {
    const pem = Buffer.from(base64, "base64").toString();
    const body = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
    body[20] = body[20]! ^ 1;
    const text = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    return Buffer.from(text).toString("base64");
  };
  assert.equal(certificateRequestProblem(tampered(ed25519)), "x509: Ed25519 verification failure");
  assert.equal(certificateRequestProblem(tampered(ecdsa)), "x509: ECDSA verification failure");
  assert.equal(certificateRequestProblem("eA=="), "PEM block type must be CERTIFICATE REQUEST");
});

refusesCreate(requests, [
  ["a good one", given({ expirationSeconds: 600 })],
  [
    "nothing",
    { spec: {} },
    'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
    "spec.usages: Required value",
    "spec.signerName: Required value",
  ],
  [
    "usages",
    given({ usages: ["signing", "magic", "signing"], expirationSeconds: 599 }),
    'spec.usages[1]: Unsupported value: "magic": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
    'spec.usages[2]: Duplicate value: "signing"',
    "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
  ],
  [
    "the legacy signer",
    given({ signerName: "kubernetes.io/legacy-unknown" }),
    'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
  ],
  [
    "a signer without a path",
    given({ signerName: "example.com" }),
    "spec.signerName: Invalid value: \"example.com\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
  ],
  [
    "a signer of a short domain",
    given({ signerName: "example/signer" }),
    'spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots',
  ],
]);

const context = { now: 0, uuid: () => "", random: () => 0 };
const time = "2026-01-01T00:00:00Z";
const approved = { type: "Approved", status: "True", reason: "x", lastUpdateTime: time, lastTransitionTime: time };

function updated(strategy: typeof approvalStrategy | undefined, from: object, to: object): [Thing, string[]] {
  const [old, object] = [deepFreeze(structuredClone(from)) as Thing, structuredClone(to) as Thing];
  strategy?.prepareForUpdate?.(object as never, old as never, context);
  return [object, texts(strategy?.validateUpdate?.(object as never, old as never))];
}

test("approving and denying exclude each other, and stay", () => {
  const [, none] = updated(approvalStrategy, given({}, {}), given({}, { conditions: [approved] }));
  assert.deepEqual(none, []);
  const both = [approved, { type: "Denied", status: "True" }];
  assert.deepEqual(updated(approvalStrategy, given({}, {}), given({}, { conditions: both }))[1], [
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  ]);
  assert.deepEqual(updated(approvalStrategy, given({}, { conditions: [approved] }), given({}, { conditions: [] }))[1], [
    'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
  ]);
  assert.deepEqual(
    updated(approvalStrategy, given({}, {}), given({}, { conditions: [{ type: "Approved", status: "False" }] }))[1],
    ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
  );
});

test("only a signer issues, once, and does not approve", () => {
  const status = requests.status as typeof approvalStrategy;
  assert.deepEqual(updated(status, given({}, {}), given({}, { conditions: [approved], certificate: "eA==" }))[1], [
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  assert.deepEqual(updated(status, given({}, { certificate: "eA==" }), given({}, { certificate: "eQ==" }))[1], [
    "status.certificate: Forbidden: updates may not modify existing certificate content",
  ]);
  const [kept, errors] = updated(
    status,
    given({}, { conditions: [approved] }),
    given(
      {},
      {
        conditions: [
          { ...approved, reason: "y" },
          { type: "Failed", status: "True" },
        ],
      },
    ),
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(
    (kept["status"] as { conditions: { reason?: string }[] }).conditions.map((c) => c.reason),
    ["x", undefined],
  );
});
