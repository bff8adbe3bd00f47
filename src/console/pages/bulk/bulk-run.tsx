import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { messageOf } from '../../api/problem.ts';
import { useMay } from '../../api/session.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { readableCount, readableDuration, Time } from '../../parts/time.tsx';
import { ACTION_TITLES, type BulkRun, changeBulk, isActive, runQuery } from './bulk.ts';
import { BulkStatusBadge } from './columns.tsx';
import { Failures, Reasons } from './failures.tsx';
import { FilterText } from './filter-text.tsx';

const route = getRouteApi('/bulk/$id');

/** A run over many processes: how far it is, what failed and why; it is stopped and resumed here. */
export function BulkRunPage() {
  const { id } = route.useParams();
  const mayAdmin = useMay('admin');
  if (mayAdmin === false) {
    return (
      <Page title="Bulk run">
        <NoPermission scope="admin" />
      </Page>
    );
  }
  return <Run key={id} id={id} />;
}

function Run({ id }: { id: string }) {
  const client = useQueryClient();
  const query = runQuery(id);
  const run = useQuery(query);
  const change = useMutation({
    mutationFn: (to: 'stop' | 'resume') => changeBulk(to, id),
    onSuccess: (changed) => client.setQueryData(query.queryKey, changed),
    onError: () => client.invalidateQueries(query),
  });
  if (!run.data) {
    return (
      <Page title="Bulk run">
        {run.isError ? (
          <Failure error={run.error} onRetry={() => void run.refetch()} />
        ) : (
          <Loading />
        )}
      </Page>
    );
  }
  const title = `${ACTION_TITLES[run.data.action]} all that match`;
  const next = nextChange(run.data);
  return (
    <Page
      title={title}
      heading={
        <>
          {title} <BulkStatusBadge status={run.data.status} />
        </>
      }
      actions={
        <>
          <Link to="/bulk" className="button">
            All runs
          </Link>
          {next && (
            <button type="button" disabled={change.isPending} onClick={() => change.mutate(next)}>
              {next === 'stop' ? 'Stop' : 'Resume'}
            </button>
          )}
        </>
      }
    >
      {change.isError && (
        <p role="alert" className="error">
          {messageOf(change.error)}
        </p>
      )}
      <Progress run={run.data} />
      {run.data.failed > 0 && (
        <>
          <Reasons reasons={run.data.reasons} failed={run.data.failed} />
          <Failures id={id} failed={run.data.failed} />
        </>
      )}
    </Page>
  );
}

function nextChange(run: BulkRun): 'stop' | 'resume' | null {
  if (run.status === 'stopped') return 'resume';
  return isActive(run) ? 'stop' : null;
}

function Progress({ run }: { run: BulkRun }) {
  const { status, found, done, failed, left, perSecond } = run;
  const isCounted = status === 'done' && run.dryRun;
  return (
    <Panel title="Progress">
      <div className="bulk-progress">
        {status === 'collecting' ? (
          <progress aria-label="Progress" />
        ) : (
          <progress
            aria-label="Progress"
            max={Math.max(1, found)}
            value={isCounted ? Math.max(1, found) : done + failed}
          />
        )}
        <p>
          {isCounted
            ? `${readableCount(found)} found; a dry run acts on none`
            : `${readableCount(done)} of ${readableCount(found)} done`}
          {failed > 0 && `, ${readableCount(failed)} failed`}
          {status === 'collecting' && ', and others are looked up'}
        </p>
      </div>
      <Facts>
        {status === 'running' && (
          <>
            <Fact title="Rate">{readableCount(perSecond)} per second</Fact>
            <Fact title="Left">
              {readableCount(left)}
              {perSecond > 0 && `, about ${readableDuration((left / perSecond) * 1_000)}`}
            </Fact>
          </>
        )}
        <Fact title="At most per second">{readableCount(run.maxPerSecond)}</Fact>
        <Fact title="Filter">
          <FilterText action={run.action} filter={run.filter} />
        </Fact>
        <Fact title="Reason">{run.reason}</Fact>
        <Fact title="Begun by">{run.actor}</Fact>
        <Fact title="Begun">
          <Time at={run.createdAt} />
        </Fact>
        <Fact title="Ended">
          <Time at={run.endedAt} />
        </Fact>
      </Facts>
    </Panel>
  );
}
