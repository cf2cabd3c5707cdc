/** What a type is for and what its fields mean, in a sentence or two each: what `kubectl explain` prints. */
export interface TypeDescription {
  readonly about: string;
  /** By field; those that every kind or every list has need not be here. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** The types of one group and version, by name. */
export type Descriptions = Readonly<Record<string, TypeDescription>>;
