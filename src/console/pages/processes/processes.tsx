import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/session.ts';
import { DataTable } from '../../parts/data-table.tsx';
import {
  ArchivedFilter,
  ClearFilters,
  Filters,
  SelectFilter,
  TextFilter,
} from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import type { ProcessFilter } from '../../parts/process-filter.ts';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { BulkOffers } from '../bulk/bulk-offers.tsx';
import { BusinessFilters } from './business-filters.tsx';
import { ChosenBar } from './chosen-bar.tsx';
import { PROCESS_COLUMNS } from './columns.tsx';
import { FINAL_STATUSES, newer, useProcessList } from './process-list.ts';
import { type Sent, SentBar, useSent } from './sent.tsx';

const route = getRouteApi('/processes');

const STATUSES = [['pending', 'Pending'], ...FINAL_STATUSES] as const;

/** All processes, the last changed first. */
export function Processes() {
  const mayRead = useMay('process:read');
  const search = route.useSearch();
  const { set, clear } = useFilters<keyof typeof search>();
  const isFiltered = Object.keys(search).length > 0;
  return (
    <Page title="Processes">
      <Filters label="Filters">
        <SelectFilter
          label="Status"
          value={search.status}
          options={STATUSES}
          onChange={(status) => set({ status })}
        />
        <TextFilter
          label="Process"
          value={search.process}
          placeholder="onboard-user"
          onChange={(process) => set({ process })}
        />
        <TextFilter label="Current step" value={search.step} onChange={(step) => set({ step })} />
        <BusinessFilters search={search} set={set} />
        <ArchivedFilter value={search.archive} onChange={(archive) => set({ archive })} />
        <ClearFilters isFiltered={isFiltered} onClear={clear} />
      </Filters>
      {mayRead === false ? (
        <NoPermission scope="process:read" />
      ) : (
        // A new list for other filters: nothing stays chosen that is not shown.
        <List
          key={JSON.stringify(search)}
          filter={search as ProcessFilter}
          isFiltered={isFiltered}
        />
      )}
    </Page>
  );
}

const BULK_ACTIONS = ['retry', 'cancel'] as const;
const NOTHING_SENT: Sent = { ids: [], at: 0 };

function List({ filter, isFiltered }: { filter: ProcessFilter; isFiltered: boolean }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [sent, setSent] = useState<Sent>(NOTHING_SENT);
  // Rows do not move under the pointer, or under the focus.
  const [isUsed, setUsed] = useState(false);
  const { list, rows, news, showNews, reload, isLive, refresh } = useProcessList(
    filter,
    isUsed || chosen.size > 0 || sent.ids.length > 0,
  );
  const followed = useSent(sent);
  const mayAct = useMay('process:start');

  if (list.isPending) {
    return (
      <div className="panel">
        <Loading lines={10} />
      </div>
    );
  }
  if (list.isError) {
    return (
      <div className="panel">
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      </div>
    );
  }
  return (
    <div
      className="panel"
      onPointerEnter={() => setUsed(true)}
      onPointerLeave={() => setUsed(false)}
    >
      {rows.length > 0 && <BulkOffers actions={BULK_ACTIONS} filter={filter} />}
      {mayAct && chosen.size > 0 && (
        <ChosenBar
          processes={rows.filter(({ correlationId }) => chosen.has(correlationId))}
          onClear={() => setChosen(new Set())}
          onSent={(ids, isWhole) => {
            setSent({ ids, at: Date.now() });
            if (isWhole) setChosen(new Set());
            refresh();
          }}
        />
      )}
      {sent.ids.length > 0 && (
        <SentBar
          ids={sent.ids}
          processes={followed}
          onDone={() => {
            setSent(NOTHING_SENT);
            reload();
          }}
        />
      )}
      {news > 0 && (
        <div className="notice-bar" role="status">
          <button type="button" className="link" onClick={showNews}>
            {news === 50 ? '50 or more' : news} new or changed: show
          </button>
        </div>
      )}
      {rows.length === 0 ? (
        <Nothing isFiltered={isFiltered} />
      ) : (
        <DataTable
          label="Processes"
          columns={PROCESS_COLUMNS}
          rows={rows.map((process) => newer(process, followed.get(process.correlationId)))}
          idOf={(process) => process.correlationId}
          choice={
            mayAct
              ? { chosen, onChange: setChosen, nameOf: (process) => process.correlationId }
              : undefined
          }
        />
      )}
      <div className="list-foot">
        <span className={isLive ? 'live' : 'live is-off'}>
          {isLive ? 'Live' : 'Updated every 10 seconds'}
        </span>
        {list.hasNextPage && (
          <button
            type="button"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Older ones
          </button>
        )}
      </div>
    </div>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No process fits the filters">
        <p>Clear a filter, or include archived processes.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No processes yet">
      <p>
        Start one with <code>POST /api/process/start</code>; it appears here at once.{' '}
        <a href="/documentation">All calls</a>
      </p>
    </Empty>
  );
}
