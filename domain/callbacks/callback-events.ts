/** The events of a process that somebody can be called back for; a start may ask for these. */
export const CALLBACK_EVENTS = [
  'process-completed',
  'process-failed',
  'process-cancelled',
  'step-failed',
] as const;
export type CalledBackEvent = (typeof CALLBACK_EVENTS)[number];

/** What no event of a process says; only subscriptions may ask for these. */
export const NOTICES = ['process-slow', 'job-failed'] as const;
export type Notice = (typeof NOTICES)[number];

/** Everything that a subscription may ask for. */
export const SUBSCRIPTION_EVENTS = [...CALLBACK_EVENTS, ...NOTICES] as const;
export type SubscriptionEvent = (typeof SUBSCRIPTION_EVENTS)[number];

/** What a callback or a subscription that names no events asks for: the ends of processes. */
export const DEFAULT_EVENTS: readonly CalledBackEvent[] = [
  'process-completed',
  'process-failed',
  'process-cancelled',
];

/** The callback that a start asks for. */
export interface Callback {
  url: string;
  /** Left out: the ends of the process. */
  events?: readonly CalledBackEvent[] | undefined;
}
