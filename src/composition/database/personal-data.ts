import { type Log, SetupError } from '../../../domain/common/index.ts';
import {
  createPersonalData,
  createVault,
  type PersonalData,
  type ProcessKeys,
  readMasterKeys,
} from '../../../domain/personal-data/index.ts';
import type { Config } from '../../config.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';

/**
 * Opens the encryption of personal data, and logs when it is off.
 *
 * @throws SetupError when the database has keys that PERSONAL_DATA_KEY does not decrypt
 */
export async function openPersonalData(
  config: Pick<Config, 'PERSONAL_DATA_KEY'>,
  processes: readonly LoadedProcess[],
  keys: ProcessKeys,
  log: Pick<Log, 'info' | 'warn'>,
): Promise<PersonalData> {
  const masterKeys = readMasterKeys(config.PERSONAL_DATA_KEY);
  await checkMasterKeys(config, keys);
  const personal = new Map(
    processes.map(({ definition }) => [definition.key, definition.personal] as const),
  );
  const named = [...personal].filter(([, paths]) => paths.length > 0).map(([key]) => key);
  if (!masterKeys && named.length > 0) {
    log.info(
      { processes: named },
      'PERSONAL_DATA_KEY is not set: the personal data of these processes is stored in the clear and cannot be erased',
    );
  }
  return createPersonalData({
    vault: createVault({ keys, masterKeys }),
    personalOf: (processName) => personal.get(processName) ?? [],
    log,
  });
}

/**
 * Checks that every key in the database can be decrypted: data that cannot be read would look lost, and data that is
 * written in the clear beside it would not be erased with it.
 *
 * @throws SetupError naming the setting and the missing master keys
 */
export async function checkMasterKeys(
  { PERSONAL_DATA_KEY: setting }: Pick<Config, 'PERSONAL_DATA_KEY'>,
  keys: ProcessKeys,
): Promise<void> {
  const known = readMasterKeys(setting)?.known ?? new Set<string>();
  const missing = (await keys.masterKeys()).filter((fingerprint) => !known.has(fingerprint));
  if (missing.length === 0) return;
  const what =
    missing.length === 1 ? `the master key ${missing[0]}` : `the master keys ${missing.join(', ')}`;
  const given =
    known.size === 0 ? 'is not set' : `holds ${[...known].join(', ')} (named by fingerprint)`;
  throw new SetupError(
    `PERSONAL_DATA_KEY: the personal data in this database needs ${what}, and the setting ${given}; add the missing key behind a comma`,
  );
}
