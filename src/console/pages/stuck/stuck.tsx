import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Page } from '../../parts/page.tsx';
import { Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { readableCount, readableDuration } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { attentionQuery, tasksWithoutWorker } from './attention.ts';
import { RetriedSteps, SlowProcesses, TasksWithoutWorker, UnreadableInstances } from './lists.tsx';

type Attention = Schemas['Attention'];

const route = getRouteApi('/stuck');
/** As many of each list as the service sends. */
const MAX_ROWS = 1_000;

/** What stands behind the figures of the overview: what is slow, is retried, stands still, or is behind. */
export function Stuck() {
  const mayRead = useMay('events:read');
  return (
    <Page title="Stuck and slow">
      <div className="panel">
        {mayRead === false ? <NoPermission scope="events:read" /> : <Lists />}
      </div>
    </Page>
  );
}

function Lists() {
  const { list } = route.useSearch();
  const { set } = useFilters<'list'>();
  const attention = useQuery(attentionQuery(MAX_ROWS));
  if (attention.isPending) return <Loading lines={8} />;
  if (attention.isError) {
    return <Failure error={attention.error} onRetry={() => void attention.refetch()} />;
  }
  const { slow, retrying, unreadable, elsewhere, outbox, rollups } = attention.data;
  return (
    <Tabs
      label="Lists"
      chosen={list}
      onChoose={(id) => set({ list: id })}
      tabs={[
        tab('slow', 'Slower than usual', slow?.total, () => (
          <>
            <WaitingForPeople slow={slow} />
            <SlowProcesses slow={slow} />
            <Rest total={slow?.total} />
          </>
        )),
        tab('retrying', 'Being retried', retrying?.total, () => (
          <>
            <RetriedSteps retrying={retrying} />
            <Rest total={retrying?.total} />
          </>
        )),
        tab('unreadable', 'Stand still', unreadable?.total, () => (
          <UnreadableInstances unreadable={unreadable} />
        )),
        tab('elsewhere', 'Without a worker', tasksWithoutWorker(attention.data), () => (
          <TasksWithoutWorker elsewhere={elsewhere} />
        )),
        tab('outbox', 'To publish', outbox?.rows, () => <Outbox outbox={outbox} />),
        tab('rollups', 'Analytics behind', rollups?.eventsBehind, () => (
          <Rollups rollups={rollups} />
        )),
      ]}
    />
  );
}

function tab(id: string, title: string, count: number | undefined, content: () => ReactNode) {
  return { id, title: `${title} (${count === undefined ? '–' : readableCount(count)})`, content };
}

function WaitingForPeople({ slow }: { slow: Attention['slow'] }) {
  if (!slow?.waitingForPeople) return null;
  return (
    <p className="body">
      Without {readableCount(slow.waitingForPeople)} that wait for people: those are in{' '}
      <Link to="/tasks">Tasks</Link>.
    </p>
  );
}

/** A list ends here although there are more. */
function Rest({ total = 0 }: { total: number | undefined }) {
  if (total <= MAX_ROWS) return null;
  return (
    <p className="list-foot">
      The first {readableCount(MAX_ROWS)} of {readableCount(total)}
    </p>
  );
}

function Outbox({ outbox }: { outbox: Attention['outbox'] }) {
  return (
    <>
      <Facts>
        <Fact title="Events">{outbox ? readableCount(outbox.rows) : 'cannot be read now'}</Fact>
        {outbox && outbox.rows > 0 && (
          <Fact title="The oldest waits for">{readableDuration(outbox.oldestAgeMs)}</Fact>
        )}
        {outbox && <Fact title="Stalled from">{readableDuration(outbox.stalledAfterMs)} on</Fact>}
      </Facts>
      <p className="body">
        Each event is written together with a note to publish it, which starts or continues its
        process. They are published within milliseconds. When the oldest gets older, the queue is
        down or no service instance has the role <code>relay</code>: see the health on the{' '}
        <Link to="/">overview</Link> and the roles in <Link to="/settings">Settings</Link>. Nothing
        is lost meanwhile. <Link to="/events">What is written now</Link>
      </p>
    </>
  );
}

function Rollups({ rollups }: { rollups: Attention['rollups'] }) {
  return (
    <>
      <Facts>
        <Fact title="Events that are not counted yet">
          {rollups ? readableCount(rollups.eventsBehind) : 'cannot be read now'}
        </Fact>
        {rollups && rollups.eventsBehind > 0 && (
          <Fact title="The oldest waits for">{readableDuration(rollups.behindMs)}</Fact>
        )}
      </Facts>
      <p className="body">
        <Link to="/analytics">Analytics</Link> and the figures of a definition come from rollups,
        which follow the events within seconds. When they stay behind, no service instance has the
        role <code>projector</code>, or a rebuild runs: see the roles in{' '}
        <Link to="/settings">Settings</Link>. Processes do not wait for them.
      </p>
    </>
  );
}
