/** A program: makes the certificates of the cluster in the directory that it is given, those of its people and nodes included, and ends. */

import { readConfig } from "../config.ts";
import { allCertificates } from "../credentials.ts";

const config = readConfig(process.argv[2] ?? "");
if (config !== undefined) await allCertificates(config);
