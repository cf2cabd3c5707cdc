/**
 * Says of each key in turn whether it was there before. To look through those before it would do for ten; of the tens of thousands that a request may
 * hold it takes minutes, in which nobody else is answered.
 */
export function seenBefore<K>(): (key: K) => boolean {
  const seen = new Set<K>();
  return (key) => {
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  };
}
