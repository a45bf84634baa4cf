// Runs before a control plane: from SIGUSR2 on, what the broker would keep for a device cannot be kept, so many times.
import memory from "aedes-persistence";

const TIMES = 2;
let left = 0;
process.on("SIGUSR2", () => {
  left = TIMES;
});

type Work = (this: unknown, ...given: unknown[]) => Promise<unknown>;
const made = (memory as unknown as () => object)(); // its types are those of a class
const methods = Object.getPrototypeOf(made) as Record<string, Work>;
for (const name of ["outgoingEnqueueCombi", "outgoingUpdate", "subscriptionsByTopic"]) {
  const original = methods[name];
  methods[name] = async function (...given) {
    if (left > 0) {
      left -= 1;
      throw new Error("a planted failure of the broker's memory");
    }
    return original?.apply(this, given);
  };
}
