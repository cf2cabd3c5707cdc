import type { Descriptions } from "./description.ts";

export const authenticationV1: Descriptions = {
  BoundObjectReference: {
    about: "An object without which a token does not hold: a Pod, a Secret or a Node.",
    fields: { apiVersion: "Its group and version: v1.", kind: "Its kind.", name: "Its name.", uid: "Its UID." },
  },
  SelfSubjectReview: { about: "Who the server takes you for." },
  SelfSubjectReviewStatus: { about: "Who the server takes you for.", fields: { userInfo: "Name, groups and more." } },
  TokenRequest: { about: "A request for a token of a service account, and the token." },
  TokenRequestSpec: {
    about: "What the token is to be for.",
    fields: {
      audiences: "For whom: who is sent the token must be among them. By default the API server.",
      boundObjectRef: "An object with which the token ends.",
      expirationSeconds:
        "How long it should hold, in seconds: 600 or more. Default 3600. The server may shorten or lengthen it.",
    },
  },
  TokenRequestStatus: {
    about: "The token.",
    fields: { expirationTimestamp: "Until when it holds.", token: "The token." },
  },
  TokenReview: { about: "A question whether a token is good, and whose it is." },
  TokenReviewSpec: {
    about: "The token.",
    fields: { audiences: "For whom it should be: one of these. By default for the API server.", token: "The token." },
  },
  TokenReviewStatus: {
    about: "The answer.",
    fields: {
      audiences: "For whom it is, of those that were asked for.",
      authenticated: "Whether it is good.",
      error: "Why it could not be told.",
      user: "Whose it is.",
    },
  },
  UserInfo: {
    about: "Who someone is.",
    fields: {
      extra: "What else is known of them.",
      groups: "The groups they are in.",
      uid: "Tells two of the same name apart.",
      username: "The name.",
    },
  },
};
