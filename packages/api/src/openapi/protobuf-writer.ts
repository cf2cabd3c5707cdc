/** Writes protocol buffers of strings, booleans and messages, whose defaults are not written, in a row of calls. */

import { WireWriter } from "../protobuf/wire-writer.ts";

export class ProtobufWriter {
  readonly #wire = new WireWriter();

  /** An empty string is the default and is not written. */
  string(number: number, value: string | undefined): this {
    if (value) this.#wire.string(number, value);
    return this;
  }

  /** Elements of a repeated field: each is written, empty or not. */
  strings(number: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.#wire.string(number, value);
    return this;
  }

  boolean(number: number, value: boolean | undefined): this {
    if (value) this.#wire.integer(number, 1);
    return this;
  }

  /** Written even when the message is empty: its presence means something. `write` is given this writer. */
  message(number: number, write: (writer: ProtobufWriter) => void): this {
    this.#wire.message(number, () => write(this));
    return this;
  }

  /** What was written. The writer is not used again. */
  finish(): Uint8Array {
    return this.#wire.finish();
  }
}
