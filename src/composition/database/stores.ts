import type { FastifyBaseLogger } from 'fastify';
import type { PersonalData } from '../../../domain/personal-data/index.ts';
import type { StoredEvent } from '../../../domain/process/index.ts';
import {
  type Observers,
  observedEventStore,
} from '../../../infrastructure/observability/observed.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { Config } from '../../config.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';
import type { Shutdown } from '../lifecycle/shutdown.ts';
import { dataLockMode, lockDataDir } from './data-lock.ts';
import { type OpenDatabase, openDatabase } from './database-target.ts';
import { openPersonalData } from './personal-data.ts';

export interface Stores {
  /** As it is stored: personal data encrypted. */
  database: OpenDatabase;
  personal: PersonalData;
  /** Personal data decrypted on the way out, and encrypted on the way in. */
  decrypted: Pick<Database, 'eventStore' | 'processStore' | 'eventFeed'>;
}

/**
 * Opens the database, and what encrypts personal data before it gets there.
 *
 * @throws SetupError when the database, its folder or the keys of personal data cannot be used
 */
export async function openStores(options: {
  config: Config;
  processes: readonly LoadedProcess[];
  /** Whether this service instance publishes its own outbox rows. */
  isRelay: boolean;
  onAppended: (events: readonly StoredEvent[]) => void;
  observers: Observers;
  shutdown: Shutdown;
  log: FastifyBaseLogger;
}): Promise<Stores> {
  const { config, processes, isRelay, onAppended, observers, shutdown, log } = options;
  const lockMode = dataLockMode(config);
  if (lockMode) shutdown.add('data folder', lockDataDir(config.DATA_DIR, lockMode));
  const database = await openDatabase(config, {
    clock: Date.now,
    leaseMs: isRelay ? config.OUTBOX_LEASE_MS : 0,
    onAppended,
    isOnlyAppender: lockMode === 'exclusive',
    warn: (message) => log.warn(message),
  });
  shutdown.add('database', () => database.close());
  const personal = await openPersonalData(config, processes, database.processKeys, log);
  // Alone on the data folder, so no other relay: what a killed predecessor had claimed is due.
  if (database.kind === 'sqlite' && lockMode === 'exclusive') {
    await database.outbox.releaseAll();
    await database.deliveryStore.releaseAll();
  }
  return {
    database,
    personal,
    decrypted: {
      eventStore: personal.eventStore(observedEventStore(database.eventStore, observers)),
      processStore: personal.processStore(database.processStore),
      eventFeed: personal.eventFeed(database.eventFeed),
    },
  };
}
