import type { Json } from '../common/index.ts';
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
import { ERASED, hasSealed, openEvent, openState, sealEvent, stateHasSealed } from './personal.ts';
import type { ProcessSeal, Vault } from './vault.ts';

export interface PersonalData {
  /** Whether something is personal in the processes of this name. */
  isPersonal(processName: string): boolean;
  /** Seals what is appended and opens what is read. */
  eventStore(store: EventStore): EventStore;
  /** Opens what is read. */
  eventFeed(feed: EventFeed): EventFeed;
  /** Opens what is read. What `project` gives back stays sealed: it is for memory and for other instances. */
  processStore(store: ProcessStore): ProcessStore;
  /** Opens the states that callers wait for; the others are not worth a look at their keys. */
  waitroom(waitroom: Waitroom): Waitroom;
  /** Opens the states that a look-up finds. */
  opened<State extends ProcessState>(
    find: (correlationId: string) => Promise<State | null>,
  ): (correlationId: string) => Promise<(State & { erased?: true }) | null>;
}

export interface PersonalLog {
  warn(fields: object, message: string): void;
}

/**
 * Personal data between the ports and what stores them: tables, queues, memory and notifications only ever
 * have it sealed. Events of processes without personal data go through as they are.
 */
export function createPersonalData(options: {
  vault: Vault;
  /** The paths of what is personal in a process. */
  personalOf: (processName: string) => readonly string[];
  log: PersonalLog;
}): PersonalData {
  const { vault, personalOf, log } = options;
  const isPersonal = (processName: string): boolean => personalOf(processName).length > 0;

  /** A step of a process that was called may have personal values of its own. */
  function pathsOf({ processName, data }: ProcessEvent): readonly string[] {
    const called = 'calledProcess' in data ? data.calledProcess : undefined;
    const own = personalOf(processName);
    return called === undefined ? own : [...own, ...personalOf(called)];
  }

  async function sealAll(
    correlationId: string,
    events: readonly ProcessEvent[],
    isNew: boolean,
  ): Promise<readonly ProcessEvent[]> {
    const seal = await vault.forWriting(correlationId, isNew);
    if (seal === null) return events;
    const write = seal === 'erased' ? () => ERASED : seal.seal;
    return events.map((event) => sealEvent(event, pathsOf(event), write));
  }

  async function openEvents(events: readonly StoredEvent[]): Promise<StoredEvent[]> {
    return openAll(events, hasSealed, openEvent);
  }

  async function openStates<State extends ProcessState>(
    states: readonly State[],
  ): Promise<(State & { erased?: true })[]> {
    return openAll(states, stateHasSealed, openState);
  }

  const openFound: PersonalData['opened'] = (find) => async (correlationId) => {
    const state = await find(correlationId);
    return state && ((await openStates([state]))[0] ?? null);
  };

  async function openAll<T extends { correlationId: string }>(
    list: readonly T[],
    isSealed: (one: T) => boolean,
    open: (one: T, reveal: (sealed: string) => Json) => T,
  ): Promise<(T & { erased?: true })[]> {
    const sealed = new Set(list.filter(isSealed));
    if (sealed.size === 0) return [...list];
    const seals = await vault.forReading([...sealed].map((one) => one.correlationId));
    return list.map((one) => {
      const seal: ProcessSeal | undefined = sealed.has(one)
        ? seals.get(one.correlationId)
        : undefined;
      // Without a key it is a text of a caller's that only looks sealed.
      if (!seal) return one;
      if (seal !== 'erased') return open(one, seal.open);
      return { ...open(one, () => ERASED), erased: true };
    });
  }

  return {
    isPersonal,
    eventStore(store) {
      async function append(...call: Parameters<EventStore['append']>): Promise<AppendResult> {
        const [correlationId, events, appendOptions] = call;
        const personal = events.some((event) => pathsOf(event).length > 0);
        const isNew = appendOptions?.expectedVersion === 0;
        if (!personal) return opened(await store.append(...call), false);
        // A start that was seen before would leave a key for a process that never comes to be.
        const known = isNew && vault.makesKeys ? await findKnown(events) : undefined;
        if (known) return opened({ events: [known], duplicate: true }, true);
        const sealed = await sealAll(correlationId, events, isNew);
        return opened(await store.append(correlationId, sealed, appendOptions), true);
      }

      async function opened(result: AppendResult, personal: boolean): Promise<AppendResult> {
        if (!personal && !result.duplicate) return result;
        return { ...result, events: await openEvents(result.events) };
      }

      async function openPage({ items, atEnd }: Page<StoredEvent>): Promise<Page<StoredEvent>> {
        return { items: await openEvents(items), atEnd };
      }

      async function findKnown(events: readonly ProcessEvent[]): Promise<StoredEvent | undefined> {
        const key = events[0]?.dedupeKey;
        if (key === undefined) return undefined;
        const found = await store.findByDedupePrefix(key);
        return found.find(({ dedupeKey }) => dedupeKey === key);
      }

      return {
        append,
        readStream: async (...call) => openEvents(await store.readStream(...call)),
        lastVersion: (correlationId) => store.lastVersion(correlationId),
        findByDedupePrefix: async (prefix) => openEvents(await store.findByDedupePrefix(prefix)),
        pageStream: async (...call) => openPage(await store.pageStream(...call)),
        findByTrace: async (...call) => openPage(await store.findByTrace(...call)),
      };
    },
    eventFeed: (feed) => ({
      ...feed,
      async page(...call) {
        const { items, ...page } = await feed.page(...call);
        const events = await openEvents(items.map(({ event }) => event));
        return {
          ...page,
          items: items.map(({ position, event }, at) => ({ position, event: events[at] ?? event })),
        };
      },
    }),
    processStore: (store) => ({
      ...store,
      get: openFound(store.get),
      async list(...call) {
        const { items, atEnd } = await store.list(...call);
        return { items: await openStates(items), atEnd };
      },
    }),
    waitroom: (waitroom) => ({
      ...waitroom,
      notify(state) {
        if (!stateHasSealed(state)) {
          waitroom.notify(state);
        } else if (waitroom.has(state.correlationId)) {
          openStates([state])
            .then((states) => states.forEach(waitroom.notify))
            .catch((err: unknown) => {
              const { correlationId } = state;
              log.warn({ err, correlationId }, 'a state that is waited for could not be opened');
            });
        }
      },
    }),
    opened: openFound,
  };
}
