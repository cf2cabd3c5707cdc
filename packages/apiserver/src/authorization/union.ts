/** Authorizers that need no state, and several as one. Source: apiserver's authorization/union and authorizerfactory. */

import { systemPrivilegedGroup } from "../authentication/users.ts";
import type { AuthorizationDecision, Authorizer } from "./authorizer.ts";

/** The first that allows or denies decides. When none does, all they said is the reason, and all that went wrong the error. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const undecided: AuthorizationDecision[] = [];
      for (const [index, authorizer] of authorizers.entries()) {
        const answer = authorizer.authorize(attributes);
        if (answer instanceof Promise) return finish(answer, authorizers.slice(index + 1), attributes, undecided);
        if (answer.decision !== "NoOpinion") return answer;
        if (answer.reason !== "" || answer.error !== undefined) undecided.push(answer);
      }
      return allSaid(undecided);
    },
    rulesFor(user, namespace) {
      const all = authorizers.flatMap((authorizer) => authorizer.rulesFor?.(user, namespace) ?? []);
      const errors = all.flatMap(({ error }) => error ?? []);
      return {
        resourceRules: all.flatMap(({ resourceRules }) => resourceRules),
        nonResourceRules: all.flatMap(({ nonResourceRules }) => nonResourceRules),
        incomplete: all.some(({ incomplete }) => incomplete),
        ...(errors.length === 0 ? {} : { error: aggregate(errors) }),
      };
    },
  };
}

/** From the first authorizer on that had to wait. Without one, a decision costs no turn of the event loop. */
async function finish(
  first: Promise<AuthorizationDecision>,
  rest: readonly Authorizer[],
  attributes: Parameters<Authorizer["authorize"]>[0],
  undecided: readonly AuthorizationDecision[],
): Promise<AuthorizationDecision> {
  const decided = await first;
  if (decided.decision !== "NoOpinion") return decided;
  const others = await unionAuthorizer(rest).authorize(attributes);
  return others.decision === "NoOpinion" ? allSaid([...undecided, decided, others]) : others;
}

const noOpinion: AuthorizationDecision = { decision: "NoOpinion", reason: "" };

function allSaid(answers: readonly AuthorizationDecision[]): AuthorizationDecision {
  if (answers.length === 0) return noOpinion;
  const reason = answers.flatMap((answer) => answer.reason || []).join("\n");
  const errors = answers.flatMap(({ error }) => error ?? []);
  return { decision: "NoOpinion", reason, ...(errors.length === 0 ? {} : { error: aggregate(errors) }) };
}

/** As utilerrors.NewAggregate prints: each once. */
export function aggregate(messages: readonly string[]): string {
  const distinct = [...new Set(messages)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
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
    user.groups.includes(systemPrivilegedGroup) ? { decision: "Allow", reason: "" } : noOpinion,
  rulesFor: () => nothing,
};

export const alwaysAllowAuthorizer: Authorizer = {
  authorize: () => ({ decision: "Allow", reason: "" }),
  rulesFor: () => everything,
};

export const alwaysDenyAuthorizer: Authorizer = {
  authorize: () => ({ decision: "NoOpinion", reason: "Everything is forbidden." }),
  rulesFor: () => nothing,
};
