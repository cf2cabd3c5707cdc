/** `semver('1.2.3')`. Source: k8s.io/apiserver/pkg/cel/library/semverlib.go and github.com/blang/semver. */

import { CelError } from "../cel-error.ts";
import { opaqueType } from "../types.ts";
import { type CelValue, Opaque } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

const type = opaqueType("kubernetes.Semver");

class SemverValue extends Opaque {
  readonly type = type;
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  readonly pre: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }

  override equals(other: CelValue): boolean {
    return other instanceof SemverValue && compare(this, other) === 0;
  }
}

/** The version, or what is wrong with it. */
function read(text: string): SemverValue | string {
  if (text === "") return "Version string empty";
  const dots = text.split(".", 3);
  if (dots.length !== 3) return "No Major.Minor.Patch elements found";
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]*))?(?:\+([0-9A-Za-z.-]*))?$/.exec(text);
  if (match === null) return `Invalid character(s) found in version ${JSON.stringify(text)}`;
  const [, major = "", minor = "", patch = "", pre, build] = match;
  for (const [name, digits] of [
    ["Major", major],
    ["Minor", minor],
    ["Patch", patch],
  ] as const) {
    if (digits.length > 1 && digits.startsWith("0"))
      return `${name} number must not contain leading zeroes ${JSON.stringify(digits)}`;
    if (digits.length > 20) return `strconv.ParseUint: parsing ${JSON.stringify(digits)}: value out of range`;
  }
  const prePart = pre?.split(".") ?? [];
  if (prePart.includes("")) return "prerelease is empty";
  for (const part of prePart) {
    if (/^0\d+$/.test(part))
      return `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(part)}`;
  }
  if (build?.split(".").includes("")) return "Build meta data is empty";
  return new SemverValue([BigInt(major), BigInt(minor), BigInt(patch)], prePart);
}

/** `v1` is `1.0.0`; leading zeros are left out. */
function normalize(text: string): string {
  const plain = text.replace(/^[vV]/, "");
  const end = plain.search(/[-+]/);
  const core = end < 0 ? plain : plain.slice(0, end);
  const parts = core.split(".").map((part) => (part.length > 1 ? part.replace(/^0+(?=.)/, "") : part));
  while (parts.length < 3) parts.push("0");
  return parts.join(".") + (end < 0 ? "" : plain.slice(end));
}

function parse(text: string, normalized = false): SemverValue {
  const version = read(normalized ? normalize(text) : text);
  if (typeof version === "string") throw new CelError(version);
  return version;
}

function isSemver(text: string, normalized = false): boolean {
  return typeof read(normalized ? normalize(text) : text) !== "string";
}

function order(a: bigint | string, b: bigint | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compare(a: SemverValue, b: SemverValue): number {
  for (let i = 0; i < 3; i++) {
    const result = order(a.numbers[i]!, b.numbers[i]!);
    if (result !== 0) return result;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const result = comparePre(a.pre[i]!, b.pre[i]!);
    if (result !== 0) return result;
  }
  return Math.sign(a.pre.length - b.pre.length);
}

/** Numbers come before words. */
function comparePre(a: string, b: string): number {
  const [numberA, numberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numberA && numberB) return order(BigInt(a), BigInt(b));
  if (numberA !== numberB) return numberA ? -1 : 1;
  return order(a, b);
}

const s = "kubernetes.Semver";

export const semverFunctions: readonly Overload[] = [
  overload("semver", "string_to_semver", `(string): ${s}`, (text: string) => parse(text)),
  overload("semver", "string_bool_to_semver", `(string, bool): ${s}`, parse),
  overload("isSemver", "is_semver_string", "(string): bool", (text: string) => isSemver(text)),
  overload("isSemver", "is_semver_string_bool", "(string, bool): bool", isSemver),
  overload("isGreaterThan", "semver_is_greater_than", `${s}.(${s}): bool`, (a, b) => compare(a, b) > 0),
  overload("isLessThan", "semver_is_less_than", `${s}.(${s}): bool`, (a, b) => compare(a, b) < 0),
  overload("compareTo", "semver_compare_to", `${s}.(${s}): int`, (a, b) => BigInt(compare(a, b))),
  overload("major", "semver_major", `${s}.(): int`, ({ numbers }: SemverValue) => numbers[0]),
  overload("minor", "semver_minor", `${s}.(): int`, ({ numbers }: SemverValue) => numbers[1]),
  overload("patch", "semver_patch", `${s}.(): int`, ({ numbers }: SemverValue) => numbers[2]),
];
