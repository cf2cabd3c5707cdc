/** `/healthz`, `/livez` and `/readyz`, whole and check by check. Source of the texts: apiserver's server/healthz. */

import { type Answer, text } from "../request/request.ts";
import type { Call } from "./context.ts";

export interface HealthCheck {
  readonly name: string;
  /** Undefined when healthy, or why not. */
  check(): string | undefined | Promise<string | undefined>;
}

export class HealthEndpoints {
  readonly #checks: Readonly<Record<string, readonly HealthCheck[]>>;

  constructor(checks: { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] }) {
    this.#checks = { healthz: checks.live, livez: checks.live, readyz: [...checks.live, ...checks.ready] };
  }

  async handle({ info, request }: Call): Promise<Answer | undefined> {
    const [, endpoint = "", name = "", ...rest] = info.path.split("/");
    const checks = Object.hasOwn(this.#checks, endpoint) ? this.#checks[endpoint] : undefined;
    if (checks === undefined || rest.length > 0) return undefined;
    if (name !== "") {
      const found = checks.find((check) => check.name === name);
      return found === undefined ? undefined : report(endpoint, [found], false);
    }
    const excluded = new Set(request.query.getAll("exclude"));
    const wanted = checks.filter((check) => !excluded.has(check.name));
    return report(endpoint, wanted, request.query.has("verbose"));
  }
}

async function report(endpoint: string, checks: readonly HealthCheck[], verbose: boolean): Promise<Answer> {
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    const why = await check.check();
    failed ||= why !== undefined;
    lines.push(why === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (failed) return text(500, `${lines.join("\n")}\n${endpoint} check failed\n`);
  return text(200, verbose ? `${lines.join("\n")}\n${endpoint} check passed\n` : "ok");
}
