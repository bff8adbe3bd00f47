import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../api/session.ts';
import type { ProcessFilter } from '../../parts/process-filter.ts';
import { ACTION_TITLES, type BulkAction, beginBulk, bulkFilterOf, mayFind } from './bulk.ts';
import { BulkDialog } from './bulk-dialog.tsx';

/** Offers an administrator to act on all processes that the filters of a list find, also those that are not shown. */
export function BulkOffers({
  actions,
  filter,
}: {
  actions: readonly BulkAction[];
  filter: ProcessFilter;
}) {
  const mayAdmin = useMay('admin');
  const [asked, setAsked] = useState<BulkAction | null>(null);
  const dryRun = useMutation({ mutationFn: beginBulk });
  const meant = actions.filter((action) => mayFind(action, filter));
  if (!mayAdmin || meant.length === 0 || bulkFilterOf(filter) === null) return null;

  function ask(action: BulkAction): void {
    const counted = bulkFilterOf(filter);
    if (counted === null) return;
    setAsked(action);
    dryRun.mutate({
      ...{ action, filter: counted, dryRun: true },
      reason: 'counts what would be acted on',
    });
  }

  return (
    <div className="notice-bar is-quiet" role="toolbar" aria-label="All that match">
      <span className="muted">Also those that are not shown:</span>
      <span className="actions">
        {meant.map((action) => (
          <button key={action} type="button" onClick={() => ask(action)}>
            {ACTION_TITLES[action]} all that match…
          </button>
        ))}
      </span>
      {asked && dryRun.variables && (
        <BulkDialog
          action={asked}
          filter={dryRun.variables.filter}
          dryRunId={dryRun.data?.id}
          error={dryRun.error}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}
