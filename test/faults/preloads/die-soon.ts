// Runs before an agent: ends it, as a fault of its own would, so many milliseconds after its start.
setTimeout(() => {
  throw new Error("a planted early end");
}, Number(process.env["EDGEMERE_FAULT_DIE_AFTER"]));
