/** What a transaction does when something happens: the state it is in afterwards, and the actions on the way, in order. */
export interface Transition<State extends string, Action extends string> {
  readonly to: State;
  readonly actions: readonly Action[];
}

/** A state machine as data: state → event → transition. What a state does not name changes nothing there. */
export type Table<State extends string, Event extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, Transition<State, Action>>>>>
>;

export function to<State extends string, Action extends string>(
  state: State,
  ...actions: Action[]
): Transition<State, Action> {
  return { to: state, actions };
}
