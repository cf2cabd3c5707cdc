/** Who may run how many at a time: shares of the server's total, and what levels lend each other. Source: KEP-1040, apiserver's conc_alloc.go. */

import type { PriorityLevelConfiguration } from "@kubets/api";

export interface Limits {
  readonly nominal: number;
  /** What is kept from borrowers. */
  readonly lower: number;
  /** No more than this with all that can be borrowed. */
  readonly upper: number;
}

type Level = Pick<PriorityLevelConfiguration, "spec">;

function partOf({ spec }: Level) {
  return spec?.type === "Exempt" ? (spec.exempt ?? {}) : (spec?.limited ?? {});
}

function sharesOf(level: Level): number {
  return partOf(level).nominalConcurrencyShares ?? (level.spec?.type === "Exempt" ? 0 : 30);
}

/** @param total the server's seats, `--max-requests-inflight` and `--max-mutating-requests-inflight` together */
export function limitsOf(levels: readonly Level[], total: number): Limits[] {
  const shares = levels.reduce((sum, level) => sum + sharesOf(level), 0);
  return levels.map((level) => {
    const nominal = shares === 0 ? 0 : Math.ceil((total * sharesOf(level)) / shares);
    const lendable = Math.round((nominal * (partOf(level).lendablePercent ?? 0)) / 100);
    const percent = level.spec?.limited?.borrowingLimitPercent;
    const borrowing = percent === undefined ? total : Math.round((nominal * percent) / 100);
    return { nominal, lower: nominal - lendable, upper: nominal + borrowing };
  });
}

export interface Claim {
  readonly lower: number;
  readonly upper: number;
  /** Shares are in proportion to these where the bounds allow. */
  readonly target: number;
}

/** So that levels without demand share what nobody wants. */
const leastTarget = 0.001;
const epsilon = 1e-7;

/**
 * Splits `sum` so that each part is its target times one common factor, or the bound it would be beyond.
 * Undefined when the bounds do not allow that.
 */
export function shareOut(
  sum: number,
  claims: readonly Claim[],
): { readonly parts: number[]; readonly factor: number } | undefined {
  const at = (factor: number) =>
    claims.map(({ lower, upper, target }) => Math.min(upper, Math.max(lower, Math.max(target, leastTarget) * factor)));
  const total = (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0);
  const points = claims.flatMap(({ lower, upper, target }) => {
    const t = Math.max(target, leastTarget);
    return [lower / t, upper / t];
  });
  points.sort((a, b) => a - b);
  const lowest = total(claims.map(({ lower }) => lower));
  const highest = total(claims.map(({ upper }) => upper));
  if (lowest - sum > epsilon || sum - highest > epsilon) return undefined;
  if (lowest - sum > -epsilon) return { parts: claims.map(({ lower }) => lower), factor: points[0] ?? 0 };
  let below = 0;
  for (const point of points) {
    const reached = total(at(point));
    if (reached >= sum) {
      // Between two points the total is a straight line.
      const from = total(at(below));
      const factor = reached === from ? point : below + ((point - below) * (sum - from)) / (reached - from);
      return { parts: at(factor), factor };
    }
    below = point;
  }
  return { parts: at(below), factor: below };
}

export interface Borrower extends Limits {
  readonly exempt: boolean;
  readonly highWatermark: number;
  readonly smoothed: number;
  /** What it may run now: it stays so where nothing can be worked out. */
  readonly current: number;
}

export interface Adjustment {
  readonly limits: readonly number[];
  /** What the limited levels were to have in proportion; 0 for exempt ones. */
  readonly targets: readonly number[];
  readonly factor: number;
}

/** What each level may run until the next adjustment. @param total of the nominal limits */
export function adjustedLimits(levels: readonly Borrower[], total: number): Adjustment {
  const wanted = levels.map(({ exempt, lower, nominal, highWatermark }) =>
    Math.max(lower, exempt ? highWatermark : Math.min(nominal, highWatermark)),
  );
  const targets = levels.map(({ exempt, smoothed }, i) => (exempt ? 0 : Math.max(wanted[i]!, smoothed)));
  const limited = levels.map((level, i) => ({ ...level, wanted: wanted[i]!, i })).filter(({ exempt }) => !exempt);
  const exempted = levels.reduce((sum, { exempt }, i) => sum + (exempt ? wanted[i]! : 0), 0);
  const left = total - exempted;
  const lowest = limited.reduce((sum, { lower }) => sum + lower, 0);
  const least = limited.reduce((sum, level) => sum + level.wanted, 0);
  const limits = [...wanted];
  if (left <= least) {
    const part = left <= lowest ? 0 : (left - lowest) / (least - lowest);
    for (const level of limited) limits[level.i] = level.lower + Math.round(part * (level.wanted - level.lower));
    return { limits, targets, factor: 0 };
  }
  // As upstream has it, the limited levels share all there is: what the exempt ones use is not taken from them here.
  const claims = limited.map((level) => ({ lower: level.wanted, upper: level.upper, target: targets[level.i]! }));
  const shared = shareOut(total, claims);
  for (const [k, level] of limited.entries()) {
    limits[level.i] = shared === undefined ? level.current : Math.round(shared.parts[k]!);
  }
  return { limits, targets, factor: shared?.factor ?? 0 };
}
