export function report(send: () => Promise<void>): void {
  send();
}
