import { wholeNumber } from './parameters.ts';

/** The parameter `version` of a deployed process; left out: the newest. */
export const versionParameter = wholeNumber(1, 2_147_483_647)
  .optional()
  .transform((version): number | 'latest' => (version as number | undefined) ?? 'latest')
  .describe('A version of the process; default: the newest');
