/**
 * What stores write down of who filled in the defaults of the objects in them: to be raised by one whenever a kind gets a default it did not have, as
 * `defaults-version.test.ts` notices. Objects of another version are filled in anew when they are read.
 */
export const defaultsVersion = 1;
