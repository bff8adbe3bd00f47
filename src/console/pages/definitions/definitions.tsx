import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { readableCount } from '../../parts/time.tsx';

type Definition = Pick<
  Schemas['Definition'],
  'key' | 'title' | 'latestVersion' | 'running' | 'versions' | 'steps'
>;

const REFRESH_INTERVAL_MS = 15_000;

const COLUMNS: readonly Column<Definition>[] = [
  {
    id: 'title',
    title: 'Process',
    cell: ({ key, title }) => (
      <Link to="/definitions/$key" params={{ key }}>
        {title}
      </Link>
    ),
    sortBy: ({ title }) => title,
  },
  { id: 'key', title: 'Key', className: 'wide-only', cell: ({ key }) => <code>{key}</code> },
  {
    id: 'running',
    title: 'Running',
    className: 'number',
    cell: ({ key, running }) => (
      <Link to="/processes" search={{ process: key, status: 'pending' }}>
        {readableCount(running)}
      </Link>
    ),
    sortBy: ({ running }) => running,
  },
  {
    id: 'versions',
    title: 'On each version',
    cell: ({ versions }) =>
      versions.length === 0 ? (
        <span className="none">not deployed yet</span>
      ) : (
        <span className="version-counts">
          {versions.slice(0, MAX_VERSIONS).map(({ version, versionTag, running }, at) => (
            <span
              key={version}
              className={at === 0 ? 'badge pending is-newest' : 'badge quiet'}
              title={versionTag ?? undefined}
            >
              v{version}: {readableCount(running)}
            </span>
          ))}
          {versions.length > MAX_VERSIONS && `and ${versions.length - MAX_VERSIONS} older`}
        </span>
      ),
  },
  {
    id: 'steps',
    title: 'Steps',
    className: 'number wide-only',
    cell: ({ steps }) => steps.length,
    sortBy: ({ steps }) => steps.length,
  },
];
const MAX_VERSIONS = 6;

/** The processes of this service, and how many instances run on each of their versions. */
export function Definitions() {
  const mayRead = useMay('process:read');
  const definitions = useQuery({
    queryKey: ['definitions'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/definitions', { signal })),
    enabled: mayRead === true,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  if (mayRead === false) {
    return (
      <Page title="Definitions">
        <NoPermission scope="process:read" />
      </Page>
    );
  }
  return (
    <Page title="Definitions">
      <div className="panel">
        {definitions.isPending ? (
          <Loading />
        ) : definitions.isError ? (
          <Failure error={definitions.error} onRetry={() => void definitions.refetch()} />
        ) : definitions.data.definitions.length === 0 ? (
          <Empty title="This service has no processes">
            <p>
              Each is a folder in <code>PROCESSES_DIR</code>.
            </p>
          </Empty>
        ) : (
          <DataTable
            label="Definitions"
            columns={COLUMNS}
            rows={definitions.data.definitions}
            idOf={({ key }) => key}
          />
        )}
      </div>
    </Page>
  );
}
