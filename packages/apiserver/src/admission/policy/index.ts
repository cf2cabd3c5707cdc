export { type PolicyAdmissionOptions, policyAdmission } from "./plugins.ts";
