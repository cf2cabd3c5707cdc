/** Takes a lock time and again. Fails when another has it at the same time. */

import { rmSync, writeFileSync } from "node:fs";
import { nextTurn } from "@kubets/apimachinery";
import { withLock } from "./lock.ts";

const [file = "", rounds = ""] = process.argv.slice(2);

for (let round = 0; round < Number(rounds); round++)
  await withLock(file, async () => {
    writeFileSync(`${file}-held`, "", { flag: "wx" });
    await nextTurn();
    rmSync(`${file}-held`);
  });
