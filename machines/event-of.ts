/** @throws if the chart leads an event of another type to an action for this one */
export function eventOf<E extends { readonly type: string }, T extends E['type']>(
  event: E,
  type: T,
): Extract<E, { readonly type: T }> {
  if (!isOf(event, type)) throw new Error(`an action for ${type} was reached by ${event.type}`);
  return event;
}

function isOf<E extends { readonly type: string }, T extends E['type']>(
  event: E,
  type: T,
): event is Extract<E, { readonly type: T }> {
  return event.type === type;
}
