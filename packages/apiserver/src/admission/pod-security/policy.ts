/** Levels and versions of pod security, and what a namespace's labels say of them. Source: k8s.io/pod-security-admission/api. */

import { type FieldError, invalidValue, path } from "@kubets/apimachinery";

export type Level = "privileged" | "baseline" | "restricted";
/** A minor version of v1; `latest` is newer than any. */
export type Version = number | "latest";

export interface LevelVersion {
  readonly level: Level;
  readonly version: Version;
}

export type Mode = "enforce" | "audit" | "warn";
export type Policy = Readonly<Record<Mode, LevelVersion>>;

const levels: readonly string[] = ["privileged", "baseline", "restricted"] satisfies Level[];
export const labelPrefix = "pod-security.kubernetes.io/";
const levelWrong = `must be one of ${levels.join(", ")}`;
const versionWrong = 'must be "latest" or "v1.x"';

function parseLevel(text: string): Level | undefined {
  return levels.includes(text) ? (text as Level) : undefined;
}

function parseVersion(text: string): Version | undefined {
  if (text === "latest") return "latest";
  const match = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** `restricted:latest` */
export function formatLevelVersion({ level, version }: LevelVersion): string {
  return `${level}:${version === "latest" ? version : `v1.${version}`}`;
}

export function sameLevelVersion(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.version === b.version;
}

/** Below zero when `a` is laxer. */
export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

export function isFullyPrivileged({ enforce, audit, warn }: Policy): boolean {
  return enforce.level === "privileged" && audit.level === "privileged" && warn.level === "privileged";
}

/** Whether two policies mean the same: versions do not matter where all is allowed. */
export function equivalent(a: Policy, b: Policy): boolean {
  return (["enforce", "audit", "warn"] as const).every((mode) => {
    const bothPrivileged = a[mode].level === "privileged" && b[mode].level === "privileged";
    return bothPrivileged || sameLevelVersion(a[mode], b[mode]);
  });
}

type Labels = Readonly<Record<string, string>>;

export interface NamespacePolicy {
  /** Always a valid one: what cannot be read is restricted where it is enforced, and privileged where it is told. */
  readonly policy: Policy;
  readonly errors: readonly FieldError[];
}

export function policyOf(labels: Labels | undefined, defaults: Policy): NamespacePolicy {
  if (labels === undefined) return { policy: defaults, errors: [] };
  const errors: FieldError[] = [];
  const read = (mode: Mode, fallback: Level): LevelVersion => {
    const { [`${labelPrefix}${mode}`]: levelText, [`${labelPrefix}${mode}-version`]: versionText } = labels;
    let { level, version } = defaults[mode];
    if (levelText !== undefined) {
      const parsed = parseLevel(levelText);
      if (parsed === undefined) errors.push(wrong(mode, levelText, levelWrong));
      level = parsed ?? fallback;
    }
    if (versionText !== undefined) {
      const parsed = parseVersion(versionText);
      if (parsed === undefined) errors.push(wrong(`${mode}-version`, versionText, versionWrong));
      version = parsed ?? "latest";
    }
    return { level, version };
  };
  const enforce = read("enforce", "restricted");
  const audit = read("audit", "privileged");
  let warn = read("warn", "privileged");
  // Who enforces more than was warned of by default is warned of what is enforced.
  const isEnforced = parseLevel(labels[`${labelPrefix}enforce`] ?? "") !== undefined;
  const hasWarn = labels[`${labelPrefix}warn`] !== undefined;
  if (!hasWarn && isEnforced && compareLevels(enforce.level, warn.level) > 0) {
    const hasVersion = labels[`${labelPrefix}warn-version`] !== undefined;
    warn = { level: enforce.level, version: hasVersion ? warn.version : enforce.version };
  }
  return { policy: { enforce, audit, warn }, errors };
}

function wrong(label: string, value: string, why: string): FieldError {
  return invalidValue(path("metadata.labels").key(`${labelPrefix}${label}`), value, why);
}

/** Of a configuration's `defaults`. @throws Error naming what is wrong */
export function defaultPolicy(defaults: Labels = {}): Policy {
  const problems: string[] = [];
  const read = (mode: Mode): LevelVersion => {
    const levelText = defaults[mode] || "privileged";
    const versionText = defaults[`${mode}-version`] || "latest";
    const [level, version] = [parseLevel(levelText), parseVersion(versionText)];
    const tell = (field: string, value: string, why: string) =>
      problems.push(`defaults.${field}: Invalid value: ${JSON.stringify(value)}: ${why}`);
    if (level === undefined) tell(mode, levelText, levelWrong);
    if (version === undefined) tell(`${mode}-version`, versionText, versionWrong);
    return { level: level ?? "restricted", version: version ?? "latest" };
  };
  const policy = { enforce: read("enforce"), audit: read("audit"), warn: read("warn") };
  if (problems.length > 0) throw new Error(problems.join(", "));
  return policy;
}
