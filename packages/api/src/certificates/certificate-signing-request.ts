/** CertificateSigningRequest: who asks is the server's to say; `/approval` writes conditions, `/status` the certificate. */

import { clone, formatTime, humanDuration } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusStrategy, Strategy, StrategyContext } from "../definition.ts";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../generated/types.ts";
import { keep, specStrategy, statusStrategy } from "../strategy.ts";
import { validateRequest, validateRequestUpdate } from "./validation.ts";

type Request = CertificateSigningRequest;

function setRequester({ spec }: Request, { user }: StrategyContext): void {
  if (spec === undefined) return;
  for (const field of ["username", "uid", "groups", "extra"] as const) delete spec[field];
  if (user === undefined) return;
  spec.username = user.name;
  if (user.uid) spec.uid = user.uid;
  spec.groups = [...user.groups];
  if (user.extra !== undefined) {
    spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
  }
}

const rules: Strategy<Request> = {
  resetFields: ["spec", "status"],
  validateName: () => [],
  prepareForCreate: setRequester,
  validate: validateRequest,
  prepareForUpdate: (request, old) => keep(request, old, "spec"),
  validateUpdate: (request, old) => validateRequestUpdate(request, old),
};

function stampConditions(request: Request, old: Request, now: number): void {
  const time = formatTime(now);
  const identity = ({ type, status }: CertificateSigningRequestCondition) => JSON.stringify([type, status]);
  const before = Map.groupBy(old.status?.conditions ?? [], identity);
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    condition.lastTransitionTime ??= before.get(identity(condition))?.[0]?.lastTransitionTime ?? time;
  }
}

/** Decisions stay as they were, unless there are more or fewer of them now: that is refused by validation. */
function keepDecisions(request: Request, old: Request): void {
  const conditions = request.status?.conditions ?? [];
  for (const type of ["Approved", "Denied"]) {
    const before = (old.status?.conditions ?? []).filter((condition) => condition.type === type);
    if (conditions.filter((condition) => condition.type === type).length !== before.length) continue;
    let next = 0;
    for (const [i, condition] of conditions.entries()) {
      if (condition.type === type) conditions[i] = clone(before[next++]!);
    }
  }
}

/** `/status`: the signer's certificate and conditions; approvals and denials stay as they are. */
const status: StatusStrategy<Request> = statusStrategy<Request>({
  resetFields: ["spec", "status.conditions"],
  prepare(request, old, { now }) {
    keepDecisions(request, old);
    stampConditions(request, old, now);
  },
  validate: (request, old) => validateRequestUpdate(request, old, { issues: true }),
});

/** `/approval`: the conditions; the certificate stays as it is. */
export const approvalStrategy: StatusStrategy<Request> = statusStrategy<Request>({
  resetFields: ["spec", "status.certificate"],
  prepare(request, old, { now }) {
    const conditions = request.status?.conditions;
    request.status = { ...clone(old.status ?? {}), ...(conditions === undefined ? {} : { conditions }) };
    stampConditions(request, old, now);
  },
  validate: (request, old) => validateRequestUpdate(request, old, { approves: true }),
});

function conditionText({ status = {} }: Request): string {
  const types = new Set((status.conditions ?? []).map((condition) => condition.type));
  const decision = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  return `${decision}${types.has("Failed") ? ",Failed" : ""}${status.certificate ? ",Issued" : ""}`;
}

function durationText({ spec }: Request): string {
  return spec?.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000);
}

export const certificateSigningRequestDefinition = define<Request>(
  "certificates.k8s.io",
  "v1",
  "certificatesigningrequests",
  {
    shortNames: ["csr"],
    strategy: specStrategy(rules, { generationOf: [] }),
    status,
    selectableFields: { "spec.signerName": (request) => request.spec?.signerName ?? "" },
    columns: [
      nameColumn,
      ageColumn,
      column("SignerName", (request: Request) => request.spec?.signerName || "<none>"),
      column("Requestor", (request: Request) => request.spec?.username ?? ""),
      column("RequestedDuration", durationText),
      column("Condition", conditionText),
    ],
  },
);
