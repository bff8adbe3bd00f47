import type { Log } from '../common/index.ts';
import type { FindProcess } from './find-process.ts';
import type { ProcessMap } from './process-map.ts';
import type { Waitroom } from './waitroom.ts';

/**
 * For after an interruption, in which notifications may have been missed: empties the process map, and asks the
 * database about every process that somebody waits for.
 */
export function createCatchUp(ports: {
  processMap: Pick<ProcessMap, 'clear'>;
  waitroom: Pick<Waitroom, 'awaited' | 'notify'>;
  findProcess: FindProcess;
  log: Pick<Log, 'warn'>;
}): () => Promise<void> {
  const { processMap, waitroom, findProcess, log } = ports;
  return async () => {
    processMap.clear();
    for (const correlationId of waitroom.awaited()) {
      try {
        const state = await findProcess(correlationId);
        if (state) waitroom.notify(state);
      } catch (error) {
        log.warn({ err: error, correlationId }, 'the state of an awaited process was not read');
      }
    }
  };
}
