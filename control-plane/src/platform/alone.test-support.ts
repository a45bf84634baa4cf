import { idMaker, silentLog, type Clock } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { asAsked } from "./admission.ts";
import { Audit } from "./audit.ts";
import type { PlatformContext } from "./context.ts";
import { memoryDatabase } from "./database.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import type { Feature } from "./feature.ts";
import { Idempotency } from "./idempotency.ts";
import { Scopes } from "./scopes.ts";
import { Store } from "./store.ts";
import { Turns } from "./turns.ts";

/** A feature on a store in memory, with what it asks for besides and without a link, rules or loops; its dispatch is in the context. */
export async function startAlone<C extends PlatformContext>(
  feature: Feature<C>,
  more: Omit<C, keyof PlatformContext>,
  { clock, limitedBy = [] }: { readonly clock: Clock; readonly limitedBy?: ConstructorParameters<typeof Scopes>[0] },
): Promise<C> {
  const store = await Store.open(memoryDatabase(), clock);
  const now = () => clock.now();
  const dispatch: Dispatch = (path, input, caller) => dispatching(path, input, caller);
  const platform: PlatformContext = {
    store,
    clock,
    dispatch,
    scopes: new Scopes([feature, ...limitedBy], store),
    newId: idMaker({ clock, random: seededRandom(1) }),
    log: silentLog,
    admit: async () => asAsked,
    turns: new Turns(),
    actions: [],
  };
  const context = { ...more, ...platform } as unknown as C;
  const dispatching = createDispatch({
    features: [feature],
    context,
    audit: new Audit(store, now),
    idempotency: new Idempotency(store, now),
    log: silentLog,
  });
  return context;
}
