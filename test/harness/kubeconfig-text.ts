/** The few parts of a kubeconfig that a plain HTTPS caller needs. */

/** @throws Error when one is missing */
export function loadKubeconfigText(text: string): { server: string; ca: Buffer; cert: Buffer; key: Buffer } {
  const part = (name: string): string => {
    const found = new RegExp(`^ *"?${name}"?: *"?([^"\\s,]+)"?`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`the kubeconfig has no ${name}`);
    return found;
  };
  const bytes = (name: string) => Buffer.from(part(name), "base64");
  return {
    server: part("server"),
    ca: bytes("certificate-authority-data"),
    cert: bytes("client-certificate-data"),
    key: bytes("client-key-data"),
  };
}
