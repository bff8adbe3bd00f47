import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { Picture } from '../../charts/picture.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';
import { attentionQuery } from '../stuck/attention.ts';
import { RetriedSteps, SlowProcesses } from '../stuck/lists.tsx';
import { Health } from './health.tsx';
import { RecentErrors } from './recent-errors.tsx';
import { Tiles } from './tiles.tsx';

const REFRESH_INTERVAL_MS = 30_000;
/** Rows of each list here; the others are on a page of their own. */
const SHOWN = 8;
const DAY_MS = 24 * 3_600_000;

/** How the service is, and what needs a look. */
export function Overview() {
  const mayRead = useMay('events:read');
  return (
    <Page title="Overview" actions={<Health />}>
      {mayRead === false ? <NoPermission scope="events:read" /> : <Figures />}
    </Page>
  );
}

function Figures() {
  const attention = useQuery(attentionQuery(SHOWN));
  return (
    <>
      {attention.isPending ? (
        <Loading lines={3} />
      ) : attention.isError ? (
        <Failure error={attention.error} onRetry={() => void attention.refetch()} />
      ) : (
        <Tiles attention={attention.data} />
      )}
      <LastDay />
      <div className="columns">
        {attention.data && (
          <Panel title="Slower than usual" actions={<AllOf list="slow" />}>
            <SlowProcesses slow={attention.data.slow} />
          </Panel>
        )}
        {attention.data && (
          <Panel title="Steps being retried" actions={<AllOf list="retrying" />}>
            <RetriedSteps retrying={attention.data.retrying} />
          </Panel>
        )}
      </div>
      <RecentErrors />
    </>
  );
}

function AllOf({ list }: { list: string }) {
  return (
    <Link to="/stuck" search={{ list }}>
      All
    </Link>
  );
}

/** Starts, ends and failures of the last 24 hours. */
function LastDay() {
  const flow = useQuery({
    queryKey: ['throughput-of-a-day'],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/analytics/throughput', {
          params: {
            query: { from: new Date(Date.now() - DAY_MS).toISOString(), bucket: 'hour' },
          },
          signal,
        }),
      ),
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  const buckets = flow.data?.throughput;
  const { times, series } = useMemo(() => {
    const all = buckets ?? [];
    return {
      times: all.map(({ start }) => Date.parse(start) / 1_000),
      series: [
        { label: 'Started', color: 'accent', values: all.map(({ started }) => started) },
        { label: 'Completed', color: 'ok', values: all.map(({ completed }) => completed) },
        { label: 'Failed', color: 'wrong', values: all.map(({ failed }) => failed) },
      ] as const,
    };
  }, [buckets]);
  if (flow.isError) return <Failure error={flow.error} onRetry={() => void flow.refetch()} />;
  return (
    <Picture
      title="Processes of the last 24 hours"
      times={times}
      series={series}
      readable={readableCount}
      actions={
        <Link to="/processes" search={{ status: 'error', last: '24h' }}>
          All that failed
        </Link>
      }
    />
  );
}
