export {
  type Candidate,
  type MatchCriteria,
  type MatchSource,
  MatchTable,
  matchRequest,
  namespaceOf,
} from "./match-table.ts";
export { isExempt, type RequestKind, type Rule, ruleMatches } from "./rules.ts";
