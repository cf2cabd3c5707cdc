/** LeaseCandidate: who could hold a Lease, and of which version they are. Source: pkg/apis/coordination/validation. */

import { type FieldError, invalidValue, path, pushAll, required, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateStrategy } from "../coordination/lease.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { LeaseCandidateSpecV1beta1, LeaseCandidateV1beta1 } from "../generated/unstable-types.ts";

type Candidate = LeaseCandidateV1beta1;

const at = path("spec");
const version = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

function validate({ spec }: Candidate): FieldError[] {
  const {
    leaseName,
    binaryVersion = "",
    emulationVersion = "",
    strategy = "",
  } = (spec ?? {}) as Partial<LeaseCandidateSpecV1beta1>;
  const errors = leaseName ? [] : [required(at.child("leaseName"))];
  const invalid = "must be a valid semantic version";
  if (emulationVersion !== "" && !version.test(emulationVersion)) {
    errors.push(invalidValue(at.child("emulationVersion"), emulationVersion, invalid));
  }
  if (binaryVersion === "") errors.push(required(at.child("binaryVersion")));
  else if (!version.test(binaryVersion)) errors.push(invalidValue(at.child("binaryVersion"), binaryVersion, invalid));
  if (binaryVersion !== "" && emulationVersion !== "" && isBefore(binaryVersion, emulationVersion)) {
    const why = "must be greater than or equal to `emulationVersion`";
    errors.push(invalidValue(at.child("binaryVersion"), binaryVersion, why));
  }
  if (strategy === "") return [...errors, required(at.child("strategy"))];
  pushAll(errors, validateStrategy(strategy, at.child("strategy")));
  if (strategy !== "OldestEmulationVersion" || emulationVersion !== "") return errors;
  const why = "must be specified when `strategy` is 'OldestEmulationVersion'";
  return [...errors, required(at.child("emulationVersion"), why)];
}

function isBefore(a: string, b: string): boolean {
  const numbers = (text: string) => (version.exec(text)?.slice(1, 4) ?? ["0", "0", "0"]).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  const differs = left.findIndex((part, i) => part !== right[i]);
  return differs >= 0 && left[differs]! < right[differs]!;
}

export function leaseCandidateDefinition(servedVersion: string): ResourceDefinition<Candidate> {
  const group = "coordination.k8s.io";
  return define<Candidate>(group, servedVersion, "leasecandidates", {
    stored: { group, version: "v1beta1" },
    strategy: {
      validate,
      validateUpdate: (candidate, old) => [
        ...validate(candidate),
        ...validateImmutableField(candidate.spec?.leaseName, old.spec?.leaseName, at.child("leaseName")),
      ],
      allowCreateOnUpdate: true,
      allowUnconditionalUpdate: false,
    },
    columns: [
      nameColumn,
      column("LeaseName", (candidate: Candidate) => candidate.spec?.leaseName ?? ""),
      column("BinaryVersion", (candidate: Candidate) => candidate.spec?.binaryVersion ?? ""),
      column("EmulationVersion", (candidate: Candidate) => candidate.spec?.emulationVersion ?? ""),
      ageColumn,
    ],
  });
}
