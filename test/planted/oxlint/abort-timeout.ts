export const patience = (): AbortSignal => AbortSignal.timeout(1_000);
