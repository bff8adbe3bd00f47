import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback } from 'react';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { bpmnQuery } from '../../parts/diagram/diagram.tsx';
import { CheckFilter, Filters, SelectFilter } from '../../parts/filters.tsx';
import { Json } from '../../parts/json.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { RangeFilter } from '../../parts/range.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';
import { Activities } from './activities.tsx';
import { HeatMap } from './heat-map.tsx';
import { MEASURES, measureOf } from './measures.ts';
import { useStats } from './stats.ts';
import { WorstSteps } from './worst-steps.tsx';

type Definition = Schemas['Definition'];

const route = getRouteApi('/definitions/$key');
const REFRESH_INTERVAL_MS = 15_000;

/** A process: its diagram as a heat map, its steps, its versions, and how it is started. */
export function DefinitionPage() {
  const { key } = route.useParams();
  const mayRead = useMay('process:read');
  const definition = useQuery({
    queryKey: ['definitions', key],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/definitions/{key}', { params: { path: { key } }, signal })),
    enabled: mayRead === true,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  const title = definition.data?.title ?? key;
  return (
    <Page
      title={title}
      heading={
        <>
          {title} <span className="id muted">{key}</span>
        </>
      }
      actions={<Link to="/definitions">All definitions</Link>}
    >
      {mayRead === false ? (
        <NoPermission scope="process:read" />
      ) : definition.isPending ? (
        <Loading lines={10} />
      ) : definition.isError ? (
        <Failure error={definition.error} onRetry={() => void definition.refetch()} />
      ) : (
        <Content definition={definition.data} />
      )}
    </Page>
  );
}

function Content({ definition }: { definition: Definition }) {
  const search = route.useSearch();
  const { latestVersion } = definition;
  const version = Number(search.version ?? latestVersion);
  return (
    <>
      {latestVersion === null ? (
        <Empty title="Not deployed to the engine yet">
          <p>The service deploys it when it starts with the engine.</p>
        </Empty>
      ) : (
        <Heat definition={definition} version={version} />
      )}
      <div className="columns">
        <Panel title="Instances on each version">
          <DataTable
            label="Versions, as a table"
            columns={VERSION_COLUMNS}
            rows={definition.versions}
            idOf={({ version }) => String(version)}
          />
        </Panel>
        <Panel title="How it is started">
          <div className="body">
            <Json
              title="POST /api/process/start"
              value={{ processKey: definition.key, variables: definition.example }}
            />
            <details>
              <summary>Schema of the variables</summary>
              <Json title="JSON schema" value={definition.variables} />
            </details>
          </div>
        </Panel>
      </div>
    </>
  );
}

const VERSION_COLUMNS: readonly Column<Definition['versions'][number]>[] = [
  {
    id: 'version',
    title: 'Version',
    cell: ({ version }) => (
      <Link from="/definitions/$key" to="." search={(now) => ({ ...now, version: `${version}` })}>
        Version {version}
      </Link>
    ),
    sortBy: ({ version }) => version,
  },
  {
    id: 'tag',
    title: 'Tag',
    cell: ({ versionTag }) => versionTag ?? <span className="none">–</span>,
  },
  {
    id: 'running',
    title: 'Running',
    className: 'number',
    cell: ({ running }) => readableCount(running),
    sortBy: ({ running }) => running,
  },
];

function Heat({ definition, version }: { definition: Definition; version: number }) {
  const { key, versions } = definition;
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  const choose = useCallback((activity: string) => set({ activity }), [set]);
  const figures = useStats(key, version, search);
  const model = useQuery(bpmnQuery(key, version));
  const measureName = measureOf(search.measure);
  const failed = [figures, model].find(({ isError }) => isError);
  return (
    <>
      <Filters label="Filters">
        <RangeFilter search={search} onChange={set} />
        <SelectFilter
          label="Colours show"
          all={null}
          value={measureName}
          options={Object.entries(MEASURES).map(([name, { title }]) => [name, title] as const)}
          onChange={(measure) => set({ measure: measure === 'count' ? undefined : measure })}
        />
        <SelectFilter
          label="Version"
          all={null}
          value={String(version)}
          options={versions.map(({ version: one, versionTag }) => [
            String(one),
            `Version ${one}${versionTag ? ` (${versionTag})` : ''}`,
          ])}
          onChange={(one) =>
            set({ version: one === String(definition.latestVersion) ? undefined : one })
          }
        />
        <CheckFilter
          label="Beside the range before"
          checked={search.compare === 'before'}
          onChange={(isOn) => set({ compare: isOn ? 'before' : undefined })}
        />
      </Filters>
      {failed ? (
        <Failure
          error={failed.error}
          onRetry={() => void Promise.all([figures.refetch(), model.refetch()])}
        />
      ) : !figures.data || model.data === undefined ? (
        <Loading lines={10} />
      ) : (
        <>
          <HeatMap
            xml={model.data}
            {...figures.data}
            measureName={measureName}
            isCompared={search.compare === 'before'}
            chosen={search.activity}
            onChoose={choose}
          />
          <Activities {...figures.data} onChoose={choose} />
          <WorstSteps stats={figures.data.stats} />
        </>
      )}
    </>
  );
}
