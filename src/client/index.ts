export type { ClientOptions } from './call.ts';
export {
  CallbackError,
  type CallbackHeaders,
  type VerifyOptions,
  verifyCallback,
} from './callbacks.ts';
export { type Client, createClient, isNotFound } from './client.ts';
export { ProblemError, ProcessError, UnavailableError } from './errors.ts';
export type { CursorStore, FeedOptions, HandleBatch } from './feed.ts';
export type { Followed, FollowOptions } from './follow.ts';
export type {
  AnyTypes,
  FeedEvent,
  Problem,
  ProcessEvent,
  ProcessState,
  Started,
  StartOptions,
} from './types.ts';
