import { getRouteApi } from '@tanstack/react-router';
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { EVENT_TYPES } from '../../api/follow.ts';
import { useMay } from '../../api/session.ts';
import {
  ArchivedFilter,
  ClearFilters,
  Filters,
  SelectFilter,
  TextFilter,
} from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { TimesFilter } from '../../parts/range.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { readableCount, Time } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { EventsTable } from './events-table.tsx';
import type { EventsSearch } from './filter.ts';
import { MAX_SHOWN, useLiveFeed } from './live-feed.ts';
import { PastEvents } from './past-events.tsx';

const route = getRouteApi('/events');

/** Everything that happens, as it happens; or what happened between two times. */
export function Events() {
  const mayRead = useMay('events:read');
  const search = route.useSearch();
  const isPast = [search.last, search.from, search.to].some((time) => time !== undefined);
  return (
    <Page title="Events">
      <EventFilters search={search} />
      <div className="panel">
        {mayRead === false ? (
          <NoPermission scope="events:read" />
        ) : isPast ? (
          <PastEvents search={search} />
        ) : (
          // Other filters are another feed.
          <LiveEvents key={JSON.stringify(search)} search={search} />
        )}
      </div>
    </Page>
  );
}

function LiveEvents({ search }: { search: EventsSearch }) {
  const [filters] = useState(search);
  const [isPaused, setPaused] = useState(false);
  const { events, waiting, since, isOpen, error, retry } = useLiveFeed(filters, isPaused);
  if (error !== null) return <Failure error={error} onRetry={retry} />;
  return (
    <EventsTable
      events={events}
      controls={
        <>
          <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
            {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
            {isPaused ? 'Resume' : 'Pause'}
          </button>
          <span role="status">
            {isPaused &&
              `Paused; ${readableCount(waiting.count)}${waiting.isMore ? ' or more' : ''} wait`}
          </span>
        </>
      }
      nothing={
        since === null && !isOpen ? (
          <Loading lines={12} />
        ) : (
          <Empty title="Nothing happened yet">
            <p>Events appear here as they are written.</p>
          </Empty>
        )
      }
      foot={
        <>
          <span className={isOpen && !isPaused ? 'live' : 'live is-off'}>
            {isPaused ? 'Paused' : isOpen ? 'Live' : 'Connecting'}
          </span>
          <span>
            {events.length < MAX_SHOWN && since !== null ? (
              <>
                {readableCount(events.length)} events since <Time at={since} />
              </>
            ) : (
              `The last ${readableCount(events.length)} events`
            )}
          </span>
        </>
      }
    />
  );
}

const STATUSES = [
  ['ok', 'Succeeded'],
  ['error', 'Failed'],
] as const;

function EventFilters({ search }: { search: EventsSearch }) {
  const { set, clear } = useFilters<keyof EventsSearch>();
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return (
    <Filters label="Filters">
      <SelectFilter
        label="Event"
        value={search.type}
        options={EVENT_TYPES.map((type) => [type, type])}
        onChange={(type) => set({ type })}
      />
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
      <TextFilter label="Step" value={search.step} onChange={(step) => set({ step })} />
      <TextFilter
        label="Target system"
        value={search.targetSystem}
        onChange={(targetSystem) => set({ targetSystem })}
      />
      <TextFilter
        label="Correlation id"
        value={search.correlationId}
        onChange={(correlationId) => set({ correlationId })}
      />
      <TimesFilter what="Written" search={search} onChange={set} />
      <ArchivedFilter value={search.archive} onChange={(archive) => set({ archive })} />
      <ClearFilters isFiltered={isFiltered} onClear={clear} />
    </Filters>
  );
}
