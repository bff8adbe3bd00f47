import type { Command } from 'commander';
import { SetupError } from '../../domain/common/index.ts';
import {
  type MasterKeys,
  type ProcessKeys,
  readMasterKeys,
} from '../../domain/personal-data/index.ts';
import { checkMasterKeys } from '../composition/database/personal-data.ts';
import { runMaintenance } from './maintenance/run-maintenance.ts';

/** Keys in one transaction. */
const BATCH = 200;

/** `rewrap-keys`: the rotation of the master key. */
export function configure(command: Command): void {
  command.action(() =>
    runMaintenance(async ({ config, database, progress, signal, audited }) => {
      const masterKeys = readMasterKeys(config.PERSONAL_DATA_KEY);
      if (!masterKeys) {
        throw new SetupError(
          'PERSONAL_DATA_KEY: is not set; give the new master key, and the old ones behind commas',
        );
      }
      const { processKeys } = database;
      await checkMasterKeys(config, processKeys);
      progress.start('rewrap', 0);
      const rewrapAll = async (): Promise<number> => {
        let count = 0;
        const others = (await processKeys.masterKeys()).filter((one) => one !== masterKeys.current);
        for (const old of others) {
          for (let found = BATCH; found === BATCH && !signal.aborted; ) {
            found = await rewrapBatch(old, masterKeys, processKeys);
            count += found;
            if (found > 0) progress.update(count);
          }
        }
        return count;
      };
      const act = { action: 'rewrap-keys', details: { masterKey: masterKeys.current } } as const;
      const done = await audited(act, rewrapAll, (keys) => ({ details: { keys } }));
      if (done > 0 && !(await processKeys.scrub())) {
        process.stderr.write(
          'old wrapped keys stay in the write-ahead log until its next checkpoint\n',
        );
      }
      if (signal.aborted) return;
      progress.print(
        done === 0
          ? `every key is wrapped by ${masterKeys.current}`
          : `${done} wrapped again by ${masterKeys.current}; the other master keys are only needed for older backups`,
      );
    }),
  );
}

/** @returns how many keys were found */
async function rewrapBatch(
  old: string,
  masterKeys: MasterKeys,
  processKeys: ProcessKeys,
): Promise<number> {
  const rows = await processKeys.wrappedBy(old, BATCH);
  await processKeys.rewrap(
    rows.flatMap(({ correlationId, wrappedKey: from }) => {
      if (from === null) return [];
      const wrappedKey = masterKeys.wrap(masterKeys.unwrap(from, old));
      return [{ correlationId, from, wrappedKey, masterKey: masterKeys.current }];
    }),
  );
  return rows.length;
}
