import { span } from '../text/time';
import type { Order } from '../wire/types';

/** When an order will be too late, in words; `null` where it has ended or is done: then it can no longer expire. */
export function expiryOf(order: Pick<Order, 'expires' | 'end' | 'stations'>, now: number): string | null {
  const reached = (key: string) => order.stations.some((s) => s.key === key && s.t !== null);
  if (order.expires === null || order.end !== null || reached('done')) return null;
  const left = order.expires - now;
  return left > 0 ? `expires in ${span(left)} if it is not ${reached('sent') ? 'done' : 'sent'}` : 'expired';
}
