/** The disk's own failures, in one sentence that says what to do. */

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space and try again",
  EDQUOT: "the disk quota is used up; free some space and try again",
  EROFS: "the disk is read-only; make it writable, or choose another --data-dir",
  EACCES: "permission denied; run as the user who made the cluster, or choose another --data-dir",
  EPERM: "permission denied; run as the user who made the cluster, or choose another --data-dir",
};

/** The error as a user should read it; errors of other kinds come back as they are. `dataDir` is named where the error names no file. */
export function explainDiskProblem(error: unknown, dataDir: string): unknown {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const reason = syscall === undefined || code === undefined ? undefined : reasons[code];
  return reason === undefined ? error : new Error(`cannot write to ${path ?? dataDir}: ${reason}`, { cause: error });
}
