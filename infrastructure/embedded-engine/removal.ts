import type { EngineCore } from './engine-core.ts';

/** How often instances past their history time are removed, in milliseconds. */
const INTERVAL_MS = 600_000;
/** Instances that are removed in one transaction. */
const BATCH = 100;

/** Removes ended instances when their time in the history is over. */
export function createRemoval(core: EngineCore): { start(): void; stop(): void } {
  const { store, log } = core;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function remove(): Promise<void> {
    try {
      for (let removed = BATCH; removed === BATCH && !stopped; ) {
        removed = await core.run((unit) => {
          const ids = store.instances.toRemove(unit.now, BATCH);
          unit.defer(() => {
            for (const id of ids) store.instances.deleteRoot(id);
          });
          return ids.length;
        });
      }
    } catch (error) {
      if (!stopped) log.error({ err: error }, 'engine: could not remove old instances');
    }
  }

  return {
    start() {
      void remove();
      timer = setInterval(remove, INTERVAL_MS);
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}
