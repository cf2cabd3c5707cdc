/** Authorizers that need no state, and several as one. Source: apiserver's authorization/union and authorizerfactory. */

import { systemPrivilegedGroup } from "../authentication/users.ts";
import type { AuthorizationDecision, Authorizer } from "./authorizer.ts";

/** The first that allows or denies decides. When none does, all they said is the reason. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const reasons: string[] = [];
      for (const [index, authorizer] of authorizers.entries()) {
        const answer = authorizer.authorize(attributes);
        if (answer instanceof Promise) return finish(answer, authorizers.slice(index + 1), attributes, reasons);
        if (answer.decision !== "NoOpinion") return answer;
        if (answer.reason !== "") reasons.push(answer.reason);
      }
      return { decision: "NoOpinion", reason: reasons.join("\n") };
    },
    rulesFor(user, namespace) {
      const all = authorizers.flatMap((authorizer) => authorizer.rulesFor?.(user, namespace) ?? []);
      return {
        resourceRules: all.flatMap(({ resourceRules }) => resourceRules),
        nonResourceRules: all.flatMap(({ nonResourceRules }) => nonResourceRules),
        incomplete: all.some(({ incomplete }) => incomplete),
      };
    },
  };
}

/** From the first authorizer on that had to wait. Without one, a decision costs no turn of the event loop. */
async function finish(
  first: Promise<AuthorizationDecision>,
  rest: readonly Authorizer[],
  attributes: Parameters<Authorizer["authorize"]>[0],
  reasons: string[],
): Promise<AuthorizationDecision> {
  const decided = await first;
  if (decided.decision !== "NoOpinion") return decided;
  const others = await unionAuthorizer(rest).authorize(attributes);
  if (others.decision !== "NoOpinion") return others;
  return {
    decision: "NoOpinion",
    reason: [...reasons, decided.reason, others.reason].filter((r) => r !== "").join("\n"),
  };
}

const everything = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

const nothing = { resourceRules: [], nonResourceRules: [], incomplete: false };

/** `system:masters` may do everything; before all other authorizers, so that no mistake in RBAC locks everyone out. */
export const privilegedGroupAuthorizer: Authorizer = {
  authorize: ({ user }) =>
    user.groups.includes(systemPrivilegedGroup)
      ? { decision: "Allow", reason: "" }
      : { decision: "NoOpinion", reason: "" },
  rulesFor: () => nothing,
};

export const alwaysAllowAuthorizer: Authorizer = {
  authorize: () => ({ decision: "Allow", reason: "" }),
  rulesFor: () => everything,
};
