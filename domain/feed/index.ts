export type {
  EventFeed,
  FedEvent,
  FeedFilter,
  FeedPage,
  FeedPosition,
  FeedQuery,
} from './event-feed.ts';
export { createFeedSignal, type FeedSignal } from './feed-signal.ts';
