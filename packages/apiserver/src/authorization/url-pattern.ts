/** Whether a rule's path, which may end with stars, means this one: RBAC, ABAC and audit policies all compare what is before the stars. */
export function urlMatches(pattern: string, path: string): boolean {
  let end = pattern.length;
  while (pattern[end - 1] === "*") end--;
  return end < pattern.length ? path.startsWith(pattern.slice(0, end)) : path === pattern;
}
