import type { Container } from "@kubets/api";

/** A port by number or by the name of one of the container's ports. @throws Error with upstream's texts. */
export function resolvePort(port: number | string, container: Container): number {
  let number = typeof port === "number" ? port : Number.NaN;
  if (typeof port === "string") {
    number = container.ports?.find((p) => p.name === port)?.containerPort ?? Number(port);
    if (!Number.isInteger(number)) throw new Error(`couldn't find port: "${port}"`);
  }
  if (number > 0 && number < 65536) return number;
  throw new Error(`invalid port number: ${number}`);
}
