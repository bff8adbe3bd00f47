import { TextFilter } from '../../parts/filters.tsx';
import { TimesFilter } from '../../parts/range.tsx';

interface Search {
  identifier?: string;
  errorCode?: string;
  last?: string;
  from?: string;
  to?: string;
}

/** What live and archived processes are found by: an identifier, the code of the error, and when they changed. */
export function BusinessFilters({
  search,
  set,
}: {
  search: Search;
  set(changed: { [Name in keyof Search]?: string | undefined }): void;
}) {
  return (
    <>
      <TextFilter
        label="Identifier"
        value={search.identifier}
        placeholder="userId=42"
        onChange={(identifier) => set({ identifier })}
      />
      <TextFilter
        label="Error code"
        value={search.errorCode}
        onChange={(errorCode) => set({ errorCode })}
      />
      <TimesFilter what="Changed" search={search} onChange={set} />
    </>
  );
}
