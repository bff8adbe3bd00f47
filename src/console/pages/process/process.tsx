import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { Process } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { Copy } from '../../parts/copy.tsx';
import { Json } from '../../parts/json.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { StatusBadge } from '../../parts/status.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { Actions } from './actions.tsx';
import { EventsTable } from './events-table.tsx';
import { FactsOfProcess } from './facts-of-process.tsx';
import { Path } from './path.tsx';
import { Retries } from './retries.tsx';
import { Timeline } from './timeline.tsx';
import { processQuery, useProcess } from './use-process.ts';
import { VersionSlider } from './version-slider.tsx';

const route = getRouteApi('/processes/$correlationId');

/** One process: how it stands, how it came there, and what can be done. */
export function ProcessPage() {
  const { correlationId } = route.useParams();
  const mayRead = useMay('process:read');
  if (mayRead === false) {
    return (
      <Page title={correlationId}>
        <NoPermission scope="process:read" />
      </Page>
    );
  }
  // A page of its own for each process: nothing of another one stays.
  return <Known key={correlationId} correlationId={correlationId} />;
}

function Known({ correlationId }: { correlationId: string }) {
  const { at, tab } = route.useSearch();
  const [shownAttempt, setShownAttempt] = useState<number | null>(null);
  const { set } = useFilters<'at' | 'tab'>();
  const { process, events, mayFollow, isFollowed } = useProcess(correlationId);
  function showAttempt(version: number): void {
    setShownAttempt(version);
    set({ tab: undefined });
  }
  const past = useQuery({ ...processQuery(correlationId, at), enabled: at !== undefined });

  if (!process.data) {
    return (
      <Page title={correlationId}>
        {process.isError ? (
          <Failure error={process.error} onRetry={() => void process.refetch()} />
        ) : (
          <Loading />
        )}
      </Page>
    );
  }
  const shown = (at === undefined ? undefined : past.data) ?? process.data;
  const all = events.data?.events ?? [];
  const untilThen = at === undefined ? all : all.filter(({ version }) => version <= shown.version);

  return (
    <Page
      title={correlationId}
      heading={
        <>
          <span className="id">{correlationId}</span>
          <Copy text={correlationId} what="correlation id" />
          <StatusBadge process={shown} />
          {shown.archived && <span className="badge quiet">archived</span>}
          {shown.erased && <span className="badge quiet">erased</span>}
          {isFollowed && <span className="live">Live</span>}
        </>
      }
      actions={<Actions process={process.data} />}
    >
      {past.isError && <Failure error={past.error} />}
      <section className="panel" aria-label="Status">
        <Outcome process={shown} />
        <Retries events={untilThen} onShow={showAttempt} />
        <FactsOfProcess process={shown} first={all[0]} />
        {all.length > 1 && (
          <VersionSlider
            events={all}
            at={at === undefined ? undefined : (past.data?.version ?? (Number(at) || undefined))}
            onChange={(version) => set({ at: version?.toString() })}
          />
        )}
      </section>
      {mayFollow && process.data.processInstanceId !== null && (
        <Path
          correlationId={correlationId}
          time={at === undefined ? null : Date.parse(shown.updatedAt)}
          onChoose={showAttempt}
        />
      )}
      {mayFollow === false ? (
        <Panel title="History">
          <NoPermission scope="events:read" />
        </Panel>
      ) : events.isError ? (
        <Panel title="History">
          <Failure error={events.error} onRetry={() => void events.refetch()} />
        </Panel>
      ) : !events.data ? (
        <Loading />
      ) : (
        <section className="panel" aria-label="History">
          <Tabs
            label="History"
            chosen={tab}
            onChoose={(id) => set({ tab: id })}
            tabs={[
              {
                id: 'timeline',
                title: 'Timeline',
                content: () => (
                  <Timeline
                    events={untilThen}
                    isPending={shown.status === 'pending' && !at}
                    shown={shownAttempt}
                    onShow={setShownAttempt}
                  />
                ),
              },
              {
                id: 'events',
                title: `Events (${untilThen.length})`,
                content: () => <EventsTable events={untilThen} />,
              },
              {
                id: 'json',
                title: 'JSON',
                content: () => (
                  <div className="body">
                    <Json title="Events" value={untilThen} />
                  </div>
                ),
              },
            ]}
          />
        </section>
      )}
    </Page>
  );
}

/** The result, or the error with the words of the service. */
function Outcome({ process: { error, result } }: { process: Process }) {
  if (error) {
    return (
      <p className={`outcome ${error.kind}`}>
        <code>{error.code}</code> {error.message}
        {error.step && (
          <>
            {' '}
            in <strong>{error.step}</strong>
          </>
        )}
      </p>
    );
  }
  if (result === undefined || result === null) return null;
  return (
    <details className="outcome ok">
      <summary>Result</summary>
      <Json title="Result" value={result} />
    </details>
  );
}
