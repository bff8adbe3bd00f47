import type { Timestamp } from '../common/index.ts';
import { type EventStore, fold, isEnded, type StoredEvent } from '../process/index.ts';
import { ERASED, isEncrypted } from './personal.ts';
import type { ProcessKeys } from './process-keys.ts';

export type EraseAnswer =
  | {
      kind: 'erased' | 'erased-before';
      erasedAt: Timestamp;
      /** True when it began before there was a master key: what it wrote until then stays readable. */
      inTheClear: boolean;
    }
  /** It still needs its data: cancel it first. */
  | { kind: 'pending' }
  /** It never had a key: whatever is personal in it is stored in the clear. */
  | { kind: 'no-key' }
  | { kind: 'unknown' };

/**
 * Destroys the key of a process's personal data. Its events stay as they are, and so do their hashes. The time is
 * stored with the keys and not as an event, which would change the stream of a process that ended long ago.
 *
 * A process that is only in the files of the cold archive is erased there as well: they hold what its key encrypts.
 *
 * @param ports the event store as it stores: no key is needed to destroy one
 * @throws StoreUnavailableError
 */
export async function eraseProcess(
  correlationId: string,
  { eventStore, processKeys }: { eventStore: EventStore; processKeys: ProcessKeys },
): Promise<EraseAnswer> {
  const events = await eventStore.readStream(correlationId);
  const state = fold(events);
  if (state && !isEnded(state)) return { kind: 'pending' };
  const erasure = await processKeys.erase(correlationId);
  if (erasure.kind === 'no-key') return { kind: state ? 'no-key' : 'unknown' };
  return { ...erasure, inTheClear: events.some(isInTheClear) };
}

/** Every request has an encrypted hash, whatever variables it has. */
function isInTheClear(event: StoredEvent): boolean {
  if (event.type !== 'process-requested') return false;
  const { requestHash } = event.data;
  return !isEncrypted(requestHash) && requestHash !== ERASED;
}
