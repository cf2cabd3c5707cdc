export * from "./admission/plugin.ts";
export * from "./authentication/authenticator.ts";
export * from "./authorization/authorizer.ts";
export * from "./request/request-info.ts";
