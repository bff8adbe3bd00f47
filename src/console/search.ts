/** The filters of a view, as they are in its URL: each a text. */
export type Search<Name extends string> = { [name in Name]?: string };

/** Takes the filters that a view knows from a query, for `validateSearch`. */
export function picks<Name extends string>(...names: readonly Name[]) {
  return (query: Record<string, unknown>): Search<Name> => {
    const picked: Search<Name> = {};
    for (const name of names) {
      const value = query[name];
      if (typeof value === 'string' && value !== '') picked[name] = value;
    }
    return picked;
  };
}

/** A query as it is written in URLs by hand: `?status=error&process=onboard-user`. */
export function parseSearch(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

/** The contrary of `parseSearch`; what is empty is left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length === 0 ? '' : `?${query}`;
}
