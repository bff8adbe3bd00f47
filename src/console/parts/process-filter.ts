import type { Process } from '../api/client.ts';
import { timesOf } from './range.tsx';

/** The filters of a list of processes, as they are in its URL. */
export interface ProcessFilter {
  status?: Process['status'];
  process?: string;
  step?: string;
  /** `name=value`, several with `&` between them. */
  identifier?: string;
  errorCode?: string;
  last?: string;
  from?: string;
  to?: string;
  archive?: 'include';
}

/** As the API takes it: a range that ends now has its times, which move on. */
export const queryOf = ({ last, from, to, identifier, ...same }: ProcessFilter) => ({
  ...same,
  ...identifiersOf(identifier),
  ...timesOf({ last, from, to }),
});

/** Each identifier as a parameter of its own; the API says what is wrong with it. */
function identifiersOf(text: string | undefined): Record<`identifier.${string}`, string> {
  const parameters = (text ?? '').split('&').flatMap((part) => {
    const [name = '', ...value] = part.split('=');
    return part === '' ? [] : [[`identifier.${name.trim()}`, value.join('=').trim()]];
  });
  return Object.fromEntries(parameters);
}
