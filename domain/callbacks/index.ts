export {
  CALLBACK_EVENTS,
  type Callback,
  type CalledBackEvent,
  DEFAULT_EVENTS,
  NOTICES,
  SUBSCRIPTION_EVENTS,
  type SubscriptionEvent,
} from './callback-events.ts';
export { type AllowedTarget, type CallbackHosts, readCallbackHosts } from './callback-hosts.ts';
export {
  type CallbackSource,
  COLLECTED_TYPES,
  type CollectPorts,
  createCollect,
} from './collect-deliveries.ts';
export {
  type CollectState,
  DELIVERY_STATUSES,
  type Delivery,
  type DeliveryCounts,
  type DeliveryFilter,
  type DeliveryStatus,
  type DeliveryStore,
  type NewDelivery,
} from './delivery.ts';
export {
  type CallbackAnswer,
  type DeliveryOutcome,
  type SendCallback,
  type SendPorts,
  sendDelivery,
} from './send-delivery.ts';
export { readBaseSecrets, type SigningSecret } from './signature.ts';
export {
  FIRST_KEY,
  type SigningKey,
  type Subscription,
  type SubscriptionStore,
} from './subscription.ts';
export {
  createSubscriptions,
  type NewSubscription,
  type SecretsAnswer,
  type Subscriptions,
} from './subscriptions.ts';
export { type NoticePorts, watchNotices } from './watch-notices.ts';
