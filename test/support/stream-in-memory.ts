import { VersionConflictError } from '../../domain/common/errors.ts';
import type { AppendOptions, EventStore } from '../../domain/process/event-store.ts';
import type { ProcessEvent, StoredEvent } from '../../domain/process/events.ts';

export interface StreamInMemory extends EventStore {
  /** How often the stream was read. */
  reads: number;
  /** How often events were looked up by their key. */
  lookUps: number;
  /** The expected version of each append. */
  expected: (number | undefined)[];
  /** Appends without being counted, as somebody else would. */
  add(...events: ProcessEvent[]): void;
  types(): string[];
}

/** An event store of one stream, for tests of what decides on it. */
export function openStreamInMemory(correlationId: string): StreamInMemory {
  const stream: StoredEvent[] = [];
  const add = (...events: readonly ProcessEvent[]): StoredEvent[] =>
    events.map((event) => {
      const version = stream.length + 1;
      const createdAt = '2026-01-01T00:00:00.000Z';
      const row = { id: `${version}`, correlationId, version, schemaVersion: 4, createdAt };
      const stored = { ...event, ...row };
      stream.push(stored);
      return stored;
    });
  const store: Partial<StreamInMemory> & Pick<StreamInMemory, 'reads' | 'lookUps' | 'expected'> = {
    reads: 0,
    lookUps: 0,
    expected: [],
    add: (...events) => void add(...events),
    types: () => stream.map(({ type }) => type),
    async readStream(_id, { afterVersion = 0 } = {}) {
      store.reads++;
      return stream.slice(afterVersion);
    },
    async findByDedupePrefix(prefix) {
      store.lookUps++;
      return stream.filter(({ dedupeKey }) => dedupeKey?.startsWith(prefix));
    },
    async append(_id, events, { expectedVersion }: AppendOptions = {}) {
      store.expected.push(expectedVersion);
      const known = stream.find(({ dedupeKey }) => dedupeKey && dedupeKey === events[0]?.dedupeKey);
      if (known) return { events: [known], duplicate: true };
      if (expectedVersion !== undefined && expectedVersion !== stream.length) {
        throw new VersionConflictError(correlationId, expectedVersion, stream.length);
      }
      return { events: add(...events), duplicate: false };
    },
  };
  return store as StreamInMemory;
}
