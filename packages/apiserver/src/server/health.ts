/** `/healthz`, `/livez` and `/readyz`, whole and check by check. Source of the texts: apiserver's server/healthz. */

import { type Answer, httpError, noSniff, text } from "../request/request.ts";
import type { Call } from "./context.ts";

export interface HealthCheck {
  readonly name: string;
  /** Undefined when healthy, or why not. */
  check(): string | undefined | Promise<string | undefined>;
}

export class HealthEndpoints {
  readonly #checks: Readonly<Record<string, readonly HealthCheck[]>>;

  constructor(checks: Readonly<Record<"healthz" | "livez" | "readyz", readonly HealthCheck[]>>) {
    this.#checks = checks;
  }

  /** Of the endpoints, and of each check by itself. */
  get paths(): string[] {
    return Object.entries(this.#checks).flatMap(([endpoint, checks]) => [
      `/${endpoint}`,
      ...checks.map(({ name }) => `/${endpoint}/${name}`),
    ]);
  }

  async handle({ info, request }: Call): Promise<Answer | undefined> {
    const [, endpoint = "", ...rest] = info.path.split("/");
    const checks = Object.hasOwn(this.#checks, endpoint) ? this.#checks[endpoint] : undefined;
    if (checks === undefined) return undefined;
    const name = rest.join("/");
    if (name !== "") {
      const found = checks.find((check) => check.name === name);
      return found === undefined ? undefined : await one(found);
    }
    return await report(endpoint, checks, new Set(request.query.getAll("exclude")), request.query.has("verbose"));
  }
}

async function one(check: HealthCheck): Promise<Answer> {
  const why = await check.check();
  return why === undefined ? text(200, "ok") : httpError(500, `internal server error: ${why}`);
}

async function report(
  endpoint: string,
  checks: readonly HealthCheck[],
  excluded: Set<string>,
  verbose: boolean,
): Promise<Answer> {
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    const { name } = check;
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const why = await check.check();
    failed ||= why !== undefined;
    lines.push(why === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name));
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(",")}`);
  }
  if (failed) return httpError(500, `${lines.join("\n")}\n${endpoint} check failed`);
  return { ...text(200, verbose ? `${lines.join("\n")}\n${endpoint} check passed\n` : "ok"), headers: noSniff };
}
