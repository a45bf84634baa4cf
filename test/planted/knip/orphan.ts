export const nobody = "asks";
