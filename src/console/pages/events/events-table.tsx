import { type ReactNode, useMemo, useState } from 'react';
import { DataTable } from '../../parts/data-table.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Json } from '../../parts/json.tsx';
import { eventColumns } from './columns.tsx';
import { Exports } from './export.tsx';
import type { FeedEvent } from './live-feed.ts';

/** Events as rows; each opens whole. */
export function EventsTable({
  events,
  isOldestFirst = false,
  controls,
  nothing,
  foot,
}: {
  events: readonly FeedEvent[];
  isOldestFirst?: boolean;
  controls?: ReactNode;
  /** In place of rows. */
  nothing: ReactNode;
  foot: ReactNode;
}) {
  const [opened, setOpened] = useState<FeedEvent | null>(null);
  const columns = useMemo(() => eventColumns(setOpened), []);
  return (
    <>
      <div className="notice-bar is-quiet" role="toolbar" aria-label="Feed">
        {controls}
        <span className="actions">
          <span className="muted">Export what is shown:</span>
          <Exports events={isOldestFirst ? events.toReversed() : events} />
        </span>
      </div>
      {events.length === 0 ? (
        nothing
      ) : (
        <DataTable
          label="Events"
          columns={columns}
          rows={events}
          idOf={({ position }) => position}
        />
      )}
      <div className="list-foot">{foot}</div>
      {opened && (
        <Dialog
          title={`${opened.type}, version ${opened.version} of ${opened.correlationId}`}
          onClose={() => setOpened(null)}
        >
          <div className="body">
            <Json title="Event" value={opened} />
          </div>
        </Dialog>
      )}
    </>
  );
}
