export { type PresentedObjects, requestBindings, requestValue, resourceOf, userInfoOf } from "./bindings.ts";
export { admissionEnvironment, type Cel, type EnvironmentVariables } from "./environment.ts";
