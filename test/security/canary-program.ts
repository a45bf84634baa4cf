// Stays until it is killed, so that others can look at it.
console.log("ready");
setInterval(() => {}, 60_000);
