// Runs before a program: at SIGUSR2 its event loop stands still for so many milliseconds, as in a calculation that nobody broke up.
const milliseconds = Number(process.env["EDGEMERE_FAULT_BLOCK"] ?? 0);

process.on("SIGUSR2", () => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
});
