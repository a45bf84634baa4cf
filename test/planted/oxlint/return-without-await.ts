export async function reading(read: () => Promise<number>): Promise<number> {
  try {
    return read();
  } catch {
    return 0;
  }
}
