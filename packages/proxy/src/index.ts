export { NftError } from "./nftables/nft.ts";
export { NftablesRules } from "./nftables/nftables-rules.ts";
export { buildRuleset, type Ruleset, type RulesetOptions } from "./nftables/ruleset.ts";
export { changeTransaction, fullTransaction } from "./nftables/transaction.ts";
export { Proxier, type ProxierOptions } from "./proxier.ts";
export { type Endpoint, type Place, type ServicePort, servicePortsOf } from "./service-ports.ts";
export type { ServiceRules } from "./service-rules.ts";
