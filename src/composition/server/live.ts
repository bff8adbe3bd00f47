import type { Log } from '../../../domain/common/index.ts';
import { createFeedSignal } from '../../../domain/feed/index.ts';
import type { PersonalData } from '../../../domain/personal-data/index.ts';
import {
  beginOf,
  createFindProcess,
  createProcessMap,
  isEnded,
  type ProcessMap,
  type ProcessState,
  type StoredEvent,
  type Waitroom,
} from '../../../domain/process/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { Config } from '../../config.ts';
import type { LivePart } from '../../http/parts/server-parts.ts';
import { createReaders } from '../../http/streaming/reader-pace.ts';
import { createStartDelay, type StartDelay } from '../../http/waiting/start-delay.ts';

export interface Live extends LivePart {
  processMap: ProcessMap;
  /** Takes a new state, and wakes the callers who wait for its process. */
  onState(state: ProcessState): void;
  startDelay: StartDelay;
  /** Takes the events of an append of this service instance, after its commit. */
  onCommitted(events: readonly StoredEvent[]): void;
  /** How many callers wait or follow. */
  waiting(): number;
  /** Releases all callers that wait, and lets nobody wait from now on: at the stop. */
  releaseAll(): void;
}

/**
 * What a service instance holds in memory. States stay encrypted in the process map, and are decrypted for
 * the callers who wait or ask.
 */
export function createLive(options: {
  config: Pick<Config, 'PROCESS_MAP_MAX'>;
  /** Encrypted, as the states in memory are. */
  database: Pick<Database, 'eventStore' | 'processStore'>;
  decrypted: Pick<Database, 'eventFeed'>;
  waitroom: Waitroom;
  /** Left out: nothing is encrypted. */
  personal?: Pick<PersonalData, 'waitroom' | 'decryptFound'>;
  log: Pick<Log, 'debug'>;
}): Live {
  const { config, database, decrypted, personal, log } = options;
  const processMap = createProcessMap(config.PROCESS_MAP_MAX);
  const waitroom = personal ? personal.waitroom(options.waitroom) : options.waitroom;
  const feedSignal = createFeedSignal({ feed: decrypted.eventFeed, log });
  const startDelay = createStartDelay(() => performance.now());
  const onState = (state: ProcessState): void => {
    if (state.processInstanceId !== null || isEnded(state)) startDelay.begun(state.correlationId);
    if (processMap.set(state)) waitroom.notify(state);
  };
  const findProcess = createFindProcess({ ...database, processMap, onState });
  return {
    processMap,
    waitroom,
    feedSignal,
    followers: createReaders(),
    findProcess: personal ? personal.decryptFound(findProcess) : findProcess,
    onState,
    startDelay,
    onCommitted(events) {
      for (const event of events) {
        // One that waits for its time is behind nobody.
        if (event.type !== 'process-requested' || beginOf(event) > event.createdAt) continue;
        startDelay.accepted(event.correlationId, waitroom.has(event.correlationId));
      }
    },
    waiting: () => waitroom.size() + feedSignal.size(),
    releaseAll() {
      waitroom.releaseAll();
      feedSignal.close();
    },
  };
}
