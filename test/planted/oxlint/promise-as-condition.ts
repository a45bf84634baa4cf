export function isKnown(look: () => Promise<boolean>): boolean {
  if (look()) return true;
  return false;
}
