import type { Json, Log } from '../common/index.ts';
import type { EventFeed } from '../feed/index.ts';
import type {
  AppendResult,
  EventStore,
  Page,
  ProcessEvent,
  ProcessState,
  ProcessStore,
  StoredEvent,
  Waitroom,
} from '../process/index.ts';
import {
  decryptEvent,
  decryptState,
  ERASED,
  encryptEvent,
  eventHasEncrypted,
  stateHasEncrypted,
} from './personal.ts';
import type { Vault } from './vault.ts';

export interface PersonalData {
  /** Whether processes of this name have personal values. */
  isPersonal(processName: string): boolean;
  /** Encrypts what is appended and decrypts what is read. */
  eventStore(store: EventStore): EventStore;
  /** Decrypts what is read. */
  eventFeed(feed: EventFeed): EventFeed;
  /** Decrypts what is read. The result of `project` stays encrypted: it is for memory and for other instances. */
  processStore(store: ProcessStore): ProcessStore;
  /** Decrypts the states that callers wait for, and asks for no key of the others. */
  waitroom(waitroom: Waitroom): Waitroom;
  /** Decrypts the states that a look-up finds. */
  decryptFound<State extends ProcessState>(
    find: (correlationId: string) => Promise<State | null>,
  ): (correlationId: string) => Promise<(State & { erased?: true }) | null>;
}

/**
 * Encrypts personal data between the ports and what stores them: tables, queues, memory and notifications only
 * ever have it encrypted. Events of processes without personal data are not touched.
 */
export function createPersonalData(options: {
  vault: Vault;
  /** The paths of the personal values of a process. */
  personalOf: (processName: string) => readonly string[];
  log: Pick<Log, 'warn'>;
}): PersonalData {
  const { vault, personalOf, log } = options;
  const isPersonal = (processName: string): boolean => personalOf(processName).length > 0;

  /** A step of a process that was called may have personal values of its own. */
  function pathsOf({ processName, data }: ProcessEvent): readonly string[] {
    const called = 'calledProcess' in data ? data.calledProcess : undefined;
    const own = personalOf(processName);
    return called === undefined ? own : [...own, ...personalOf(called)];
  }

  async function encryptAll(
    correlationId: string,
    events: readonly ProcessEvent[],
    isNew: boolean,
  ): Promise<readonly ProcessEvent[]> {
    const cipher = await vault.forWriting(correlationId, isNew);
    if (cipher === null) return events;
    const encrypt = cipher === 'erased' ? () => ERASED : cipher.encrypt;
    return events.map((event) => encryptEvent(event, pathsOf(event), encrypt));
  }

  async function decryptEvents(events: readonly StoredEvent[]): Promise<StoredEvent[]> {
    return decryptAll(events, eventHasEncrypted, decryptEvent);
  }

  async function decryptStates<State extends ProcessState>(
    states: readonly State[],
  ): Promise<(State & { erased?: true })[]> {
    return decryptAll(states, stateHasEncrypted, decryptState);
  }

  const decryptFound: PersonalData['decryptFound'] = (find) => async (correlationId) => {
    const state = await find(correlationId);
    return state && ((await decryptStates([state]))[0] ?? null);
  };

  async function decryptAll<T extends { correlationId: string }>(
    list: readonly T[],
    hasEncrypted: (one: T) => boolean,
    decryptOne: (one: T, decrypt: (text: string) => Json) => T,
  ): Promise<(T & { erased?: true })[]> {
    const encrypted = new Set(list.filter(hasEncrypted));
    if (encrypted.size === 0) return [...list];
    const ciphers = await vault.forReading([...encrypted].map((one) => one.correlationId));
    return list.map((one) => {
      const cipher = encrypted.has(one) ? ciphers.get(one.correlationId) : undefined;
      // Without a key it is a text of a caller that only looks encrypted.
      if (!cipher) return one;
      if (cipher !== 'erased') return decryptOne(one, cipher.decrypt);
      return { ...decryptOne(one, () => ERASED), erased: true };
    });
  }

  return {
    isPersonal,
    eventStore(store) {
      async function append(...call: Parameters<EventStore['append']>): Promise<AppendResult> {
        const [correlationId, events, appendOptions] = call;
        const personal = events.some((event) => pathsOf(event).length > 0);
        const isNew = appendOptions?.expectedVersion === 0;
        if (!personal) return toResult(await store.append(...call), false);
        // A start that is known already would leave a key for a process that never exists.
        const known = isNew && vault.makesKeys ? await findKnown(events) : undefined;
        if (known) return toResult({ events: [known], duplicate: true }, true);
        const encrypted = await encryptAll(correlationId, events, isNew);
        return toResult(await store.append(correlationId, encrypted, appendOptions), true);
      }

      async function toResult(result: AppendResult, personal: boolean): Promise<AppendResult> {
        if (!personal && !result.duplicate) return result;
        return { ...result, events: await decryptEvents(result.events) };
      }

      async function decryptPage({ items, atEnd }: Page<StoredEvent>): Promise<Page<StoredEvent>> {
        return { items: await decryptEvents(items), atEnd };
      }

      async function findKnown(events: readonly ProcessEvent[]): Promise<StoredEvent | undefined> {
        const key = events[0]?.dedupeKey;
        if (key === undefined) return undefined;
        const found = await store.findByDedupePrefix(key);
        return found.find(({ dedupeKey }) => dedupeKey === key);
      }

      return {
        append,
        readStream: async (...call) => decryptEvents(await store.readStream(...call)),
        lastVersion: (correlationId) => store.lastVersion(correlationId),
        findByDedupePrefix: async (...call) =>
          decryptEvents(await store.findByDedupePrefix(...call)),
        pageStream: async (...call) => decryptPage(await store.pageStream(...call)),
        findByTrace: async (...call) => decryptPage(await store.findByTrace(...call)),
      };
    },
    eventFeed: (feed) => ({
      ...feed,
      async page(...call) {
        const { items, ...page } = await feed.page(...call);
        const events = await decryptEvents(items.map(({ event }) => event));
        return {
          ...page,
          items: items.map(({ position, event }, at) => ({ position, event: events[at] ?? event })),
        };
      },
    }),
    processStore: (store) => ({
      ...store,
      get: decryptFound(store.get),
      async list(...call) {
        const { items, atEnd } = await store.list(...call);
        return { items: await decryptStates(items), atEnd };
      },
    }),
    waitroom: (waitroom) => ({
      ...waitroom,
      notify(state) {
        if (!stateHasEncrypted(state)) {
          waitroom.notify(state);
        } else if (waitroom.has(state.correlationId)) {
          decryptStates([state])
            .then((states) => states.forEach(waitroom.notify))
            .catch((err: unknown) => {
              const { correlationId } = state;
              log.warn({ err, correlationId }, 'could not decrypt a state that callers wait for');
            });
        }
      },
    }),
    decryptFound,
  };
}
