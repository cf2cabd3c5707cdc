/** CEL as Kubernetes has it. */
export {};
