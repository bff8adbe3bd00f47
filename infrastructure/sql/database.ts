import type { Knex } from 'knex';
import type { ApiKeyStore } from '../../domain/access/index.ts';
import type { Archive, MaintenanceLock, Purge } from '../../domain/archive/index.ts';
import type { AuditLog } from '../../domain/audit/index.ts';
import type { BulkStore } from '../../domain/bulk/index.ts';
import type {
  CallbackSource,
  DeliveryStore,
  SubscriptionStore,
} from '../../domain/callbacks/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import type { EventFeed } from '../../domain/feed/index.ts';
import type { Outbox } from '../../domain/outbox/index.ts';
import type { MasterKeys, ProcessKeys } from '../../domain/personal-data/index.ts';
import type {
  DueProcesses,
  EventStore,
  ProcessStore,
  StoredEvent,
} from '../../domain/process/index.ts';
import type { RebuildStore, Verification } from '../../domain/projection/index.ts';
import type {
  Analytics,
  NewRollups,
  RollupCheck,
  RollupSource,
  StuckProcesses,
} from '../../domain/rollups/index.ts';
import type { ArchivedRows } from './archived-rows.ts';
import type { FeedRows } from './feed-rows.ts';
import type { ReadQueries } from './read-queries.ts';

/** What both databases are opened with. */
export interface DatabaseOptions {
  clock: Clock;
  /** Milliseconds for which new outbox rows belong to this process's relay; 0: to any relay at once. */
  leaseMs: number;
  /** Receives the events of each append after its commit, in the order of the commits. */
  onAppended: (events: readonly StoredEvent[]) => void;
  /** No other process appends to the streams of running processes. */
  isOnlyAppender?: boolean;
  /** With which personal identifiers are indexed; left out: they are not. */
  masterKeys?: MasterKeys | null;
  /** Receives warnings about settings of the server. */
  warn?: (message: string) => void;
}

/** An open database of either kind. */
export interface Database {
  kind: 'sqlite' | 'mssql';
  eventStore: EventStore;
  eventFeed: EventFeed;
  feedRows: FeedRows;
  rollups: NewRollups;
  rollupSource: RollupSource;
  stuckProcesses: StuckProcesses;
  rollupCheck: RollupCheck;
  outbox: Outbox;
  processStore: ProcessStore;
  dueProcesses: DueProcesses;
  apiKeys: ApiKeyStore;
  auditLog: AuditLog;
  bulkStore: BulkStore;
  callbackSource: CallbackSource;
  subscriptionStore: SubscriptionStore;
  deliveryStore: DeliveryStore;
  archive: Archive;
  processKeys: ProcessKeys;
  purge: Purge;
  archivedRows: ArchivedRows;
  maintenanceLock: MaintenanceLock;
  verification: Verification;
  /** For a rebuild; the caller closes it. */
  openRebuild(): Promise<RebuildStore>;
  /** For queries that only read and may take long: feed, export, analytics. */
  reads: ReadQueries;
  analytics: Analytics;
  knex: Knex;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
