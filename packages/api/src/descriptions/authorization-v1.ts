import type { Descriptions } from "./description.ts";

const selector = {
  rawSelector: "The selector as it stood in a query. Not together with requirements.",
  requirements: "The selector, understood. All of them must be met.",
};
const nonResourceAttributes = "A path that is not of a resource. One of the two.";
const resourceAttributes = "What is to be done with a resource. One of the two.";
const status = "The answer.";

export const authorizationV1: Descriptions = {
  FieldSelectorAttributes: { about: "To which fields a list, watch or deletion of many is limited.", fields: selector },
  LabelSelectorAttributes: { about: "To which labels a list, watch or deletion of many is limited.", fields: selector },
  LocalSubjectAccessReview: {
    about: "A question whether someone may do something in one namespace.",
    fields: { spec: "Who, and what. The namespace must be that of the review.", status },
  },
  NonResourceAttributes: {
    about: "A request to a path that is not of a resource.",
    fields: { path: "The path.", verb: "What: the HTTP method in small letters." },
  },
  NonResourceRule: {
    about: "What may be done with which paths.",
    fields: { nonResourceURLs: "The paths; * is all.", verbs: "What; * is everything." },
  },
  ResourceAttributes: {
    about: "Something that is to be done with a resource.",
    fields: {
      fieldSelector: "To which fields it is limited. It can only make more allowed.",
      group: "The group. * is all.",
      labelSelector: "To which labels it is limited. It can only make more allowed.",
      name: "The name of the object. Empty: all.",
      namespace: "The namespace. Empty: for kinds that are in none, none; for others, all.",
      resource: "The resource. * is all.",
      subresource: "The subresource, if any.",
      verb: "What, such as get. * is everything.",
      version: "The version. * is all.",
    },
  },
  ResourceRule: {
    about: "What may be done with which resources.",
    fields: {
      apiGroups: "Of which groups; * is all.",
      resourceNames: "With which objects. Absent: with all.",
      resources: "With which resources; * is all.",
      verbs: "What; * is everything.",
    },
  },
  SelfSubjectAccessReview: { about: "A question whether you may do something.", fields: { spec: "What.", status } },
  SelfSubjectAccessReviewSpec: { about: "What you want to do.", fields: { nonResourceAttributes, resourceAttributes } },
  SelfSubjectRulesReview: {
    about: "A question what you may do in a namespace.",
    fields: { spec: "Where.", status: "What you may do." },
  },
  SelfSubjectRulesReviewSpec: { about: "Where.", fields: { namespace: "The namespace." } },
  SubjectAccessReview: {
    about: "A question whether someone may do something.",
    fields: { spec: "Who, and what.", status },
  },
  SubjectAccessReviewSpec: {
    about: "Who, and what.",
    fields: {
      extra: "What else is known of them.",
      groups: "The groups they are in.",
      nonResourceAttributes,
      resourceAttributes,
      uid: "The UID of the user.",
      user: "The name. Without it, the groups alone.",
    },
  },
  SubjectAccessReviewStatus: {
    about: "Whether it may be done.",
    fields: {
      allowed: "Whether it is allowed.",
      denied:
        "Whether it is forbidden for good, whatever others say. Without either, nobody has an opinion, and it is not done.",
      evaluationError: "What went wrong meanwhile; there may be an answer all the same.",
      reason: "Why.",
    },
  },
  SubjectRulesReviewStatus: {
    about: "What someone may do. It is for showing, not for deciding: not all authorizers can tell.",
    fields: {
      evaluationError: "What went wrong meanwhile.",
      incomplete: "Whether something may be missing.",
      nonResourceRules: "What may be done with paths.",
      resourceRules: "What may be done with resources.",
    },
  },
};
