import type { components, paths } from '../../api/openapi';

export type Delivery = components['schemas']['Delivery'];
export type Subscription = components['schemas']['Subscription'];
export type CallbackEvent = Subscription['events'][number];
export type DeliveryFilter = Pick<
  NonNullable<paths['/api/admin/deliveries']['get']['parameters']['query']>,
  'status' | 'target' | 'correlationId'
>;
type Created =
  paths['/api/admin/subscriptions']['post']['responses'][201]['content']['application/json'];
/** A secret that is valid, of a subscription. */
export type Secret = Created['secrets'][number];

/** What a subscription may ask for, and what that means. The compiler reports one that is missing. */
export const EVENTS: Record<CallbackEvent, string> = {
  'process-completed': 'a process has completed',
  'process-failed': 'a process was refused or has failed',
  'process-cancelled': 'a process was cancelled',
  'step-failed': 'an attempt of a step has failed',
  'process-slow': 'a process takes longer than usual',
  'job-failed': 'the service has given a job up',
};

/** What is chosen at first, as the API does when the events are left out. */
export const ENDS: ReadonlySet<string> = new Set<CallbackEvent>([
  'process-completed',
  'process-failed',
  'process-cancelled',
]);

export const REFRESH_INTERVAL_MS = 10_000;
