/** Issuers that a configuration names, which can change while the server runs. */

import type { Clock } from "@kubets/apimachinery";
import type { Egress } from "../egress/egress.ts";
import type {
  AuthenticationConfiguration,
  JwtAuthenticatorConfiguration,
  OidcFlags,
  ReadAuthenticationConfiguration,
} from "./oidc/configuration.ts";
import type { TokenAnswer, TokenAuthenticator } from "./token.ts";

export interface ReplaceableIssuersOptions {
  readonly clock: Clock;
  /** How issuers that say so are reached. */
  readonly egress?: Egress | undefined;
  /** The API server's own. */
  readonly disallowedIssuers: readonly string[];
}

/** What `--authentication-config`'s issuers may sign with. */
const allAlgorithms = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/** Issuers of claims that are elsewhere; few are expected, and a source could name any. */
const maxClaimIssuers = 16;

/** Upstream's. */
const closeAfterMs = 60_000;

interface Issuer {
  readonly authenticator: TokenAuthenticator;
  close(): void;
}

export class ReplaceableIssuers implements TokenAuthenticator {
  readonly #options: ReplaceableIssuersOptions;
  #issuers: readonly Issuer[] = [];

  constructor(options: ReplaceableIssuersOptions) {
    this.#options = options;
  }

  /** @throws Error for flags that make no valid configuration */
  async useFlags(flags: OidcFlags): Promise<void> {
    const { signingAlgorithms = ["RS256"] } = flags;
    const unknown = signingAlgorithms.find((algorithm) => !allAlgorithms.includes(algorithm));
    if (unknown !== undefined) throw new Error(`oidc: unsupported signing alg: ${JSON.stringify(unknown)}`);
    const { checked, configurationOfFlags } = await import("./oidc/configuration.ts");
    const read = await checked({ jwt: [configurationOfFlags(flags)] }, this.#options.disallowedIssuers);
    await this.#use(read, signingAlgorithms);
  }

  /**
   * @param check looks at the rest of it before anything is used
   * @throws Error for text that is no valid configuration, and what `check` throws; what was in use stays
   */
  async useConfiguration(
    content: string,
    check: (config: AuthenticationConfiguration) => void = () => {},
  ): Promise<AuthenticationConfiguration> {
    const { readAuthenticationConfiguration } = await import("./oidc/configuration.ts");
    const read = await readAuthenticationConfiguration(content, this.#options.disallowedIssuers);
    check(read.config);
    await this.#use(read, allAlgorithms);
    return read.config;
  }

  async #use({ config, compiled }: ReadAuthenticationConfiguration, algorithms: readonly string[]): Promise<void> {
    const old = this.#issuers;
    const made = (config.jwt ?? []).map((jwt, index) => this.#make(jwt, compiled[index]!, algorithms));
    this.#issuers = await Promise.all(made);
    // Tokens that the old ones are just looking at are theirs to the end.
    const close = () => {
      for (const issuer of old) issuer.close();
    };
    if (old.length > 0) this.#options.clock.setTimeout(close, closeAfterMs, { unref: true });
  }

  async #make(
    config: JwtAuthenticatorConfiguration,
    compiled: ReadAuthenticationConfiguration["compiled"][number],
    signingAlgorithms: readonly string[],
  ): Promise<Issuer> {
    const [
      { JwtAuthenticator },
      { JwtVerifier },
      { DistributedClaims },
      { claimRules },
      { HttpsGetter },
      { IssuerKeys },
    ] = await Promise.all([
      import("./oidc/jwt-authenticator.ts"),
      import("./oidc/jwt-verifier.ts"),
      import("./oidc/distributed-claims.ts"),
      import("./oidc/claim-rules.ts"),
      import("./oidc/https-get.ts"),
      import("./oidc/issuer-keys.ts"),
    ]);
    const { clock, egress } = this.#options;
    const { url = "", discoveryURL, certificateAuthority, audiences = [], egressSelectorType } = config.issuer ?? {};
    const getter = new HttpsGetter(clock, certificateAuthority || undefined, egress?.[egressSelectorType as "cluster"]);
    const verifierFor = (issuer: string, discoveryUrl = "") => {
      const get = (address: string) => getter.json(address);
      const keys = new IssuerKeys({ issuer, ...(discoveryUrl === "" ? {} : { discoveryUrl }), clock, get });
      return new JwtVerifier({ audiences, signingAlgorithms, keys, clock });
    };
    const others = new Map<string, InstanceType<typeof JwtVerifier>>();
    const verifierOf = (issuer: string) => {
      const known = others.get(issuer);
      if (known !== undefined) return known;
      const [oldest] = others.keys();
      if (others.size >= maxClaimIssuers && oldest !== undefined) others.delete(oldest);
      const made = verifierFor(issuer);
      others.set(issuer, made);
      return made;
    };
    const claim = config.claimMappings?.groups?.claim ?? "";
    const get = (address: string, token: string | undefined) => getter.text(address, token);
    const authenticator = new JwtAuthenticator({
      issuer: url,
      verifier: verifierFor(url, discoveryURL),
      rules: claimRules(config, compiled),
      distributed: claim === "" ? undefined : new DistributedClaims({ claim, get, verifierOf }),
    });
    return { authenticator, close: () => getter.close() };
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<TokenAnswer | undefined> {
    for (const { authenticator } of this.#issuers) {
      const answer = await authenticator.authenticateToken(token, audiences);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
}
