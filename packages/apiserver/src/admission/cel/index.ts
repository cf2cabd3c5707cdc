export {
  objectBindings,
  type PresentedObjects,
  requestBindings,
  requestValue,
  resourceOf,
  userInfoOf,
} from "./bindings.ts";
export { admissionEnvironment, type Cel, requestEnvironment } from "./environment.ts";
