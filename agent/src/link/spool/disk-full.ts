/** Whether an error of the operating system says that there is no room: deleting helps, trying again does not. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
