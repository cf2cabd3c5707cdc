/** CertificateSigningRequest: who asks is the server's to say; `/approval` writes conditions, `/status` the certificate. */

import { clone, deepEqual, type FieldError, formatTime, humanDuration, path, required } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusStrategy, Strategy, StrategyContext } from "../definition.ts";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../generated/types.ts";
import { keep, specStrategy, statusStrategy } from "../strategy.ts";

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

function validate({ spec }: Request): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec?.request) errors.push(required(path("spec.request")));
  if ((spec?.usages ?? []).length === 0) errors.push(required(path("spec.usages"), "usages must be specified"));
  if (!spec?.signerName) errors.push(required(path("spec.signerName")));
  return errors;
}

const rules: Strategy<Request> = {
  prepareForCreate: setRequester,
  validate,
  prepareForUpdate: (request, old) => keep(request, old, "spec"),
  allowUnconditionalUpdate: false,
};

function stampConditions(request: Request, old: Request, now: number): void {
  const time = formatTime(now);
  for (const condition of request.status?.conditions ?? []) {
    condition.status ||= "True";
    condition.lastUpdateTime ??= time;
    const before = old.status?.conditions?.find((c) => c.type === condition.type);
    condition.lastTransitionTime ??= before?.status === condition.status ? (before.lastTransitionTime ?? time) : time;
  }
}

const isDecision = (condition: CertificateSigningRequestCondition) => ["Approved", "Denied"].includes(condition.type);

/** `/status`: the signer's certificate and conditions; approvals and denials stay as they are. */
const status: StatusStrategy<Request> = statusStrategy<Request>({
  prepare(request, old, { now }) {
    const others = (request.status?.conditions ?? []).filter((condition) => !isDecision(condition));
    const decisions = clone((old.status?.conditions ?? []).filter(isDecision));
    const conditions = [...decisions, ...others];
    if (request.status !== undefined && conditions.length > 0) request.status.conditions = conditions;
    stampConditions(request, old, now);
  },
});

/** `/approval`: the conditions; the certificate stays as it is. */
export const approvalStrategy: StatusStrategy<Request> = statusStrategy<Request>({
  prepare(request, old, { now }) {
    const conditions = request.status?.conditions;
    request.status = { ...clone(old.status ?? {}), ...(conditions === undefined ? {} : { conditions }) };
    if (!deepEqual(conditions, old.status?.conditions)) stampConditions(request, old, now);
  },
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
