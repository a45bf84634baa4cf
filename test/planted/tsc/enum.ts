export enum State {
  Online,
}
