// Runs before a program: at SIGUSR2 something in it goes wrong that nobody catches, an exception or a rejection.
const kind = process.env["EDGEMERE_FAULT_FAILURE"];

process.on("SIGUSR2", () => {
  const error = new Error(`a planted ${kind ?? "failure"}`);
  if (kind === "rejection") void Promise.reject(error);
  else
    setImmediate(() => {
      throw error;
    });
});
