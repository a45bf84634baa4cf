export async function double(value: number): Promise<number> {
  return (await value) * 2;
}
