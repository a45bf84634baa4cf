import { machine } from "../kit/index.ts";

/** How an alert may go on, wherever it is decided. */
export const alertLife = machine("alert", "pending", {
  pending: { fire: "firing", resolve: "resolved", starve: "nodata", suspend: "maintenance" },
  firing: { recover: "recovering", resolve: "resolved", starve: "nodata", suspend: "maintenance" },
  recovering: { fire: "firing", resolve: "resolved", starve: "nodata", suspend: "maintenance" },
  nodata: { wait: "pending", fire: "firing", resolve: "resolved", suspend: "maintenance" },
  maintenance: { wait: "pending", fire: "firing", resolve: "resolved", starve: "nodata" },
  resolved: { wait: "pending", fire: "firing", starve: "nodata", suspend: "maintenance" },
});
