import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import { useMay } from '../../api/session.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';

type Keys = paths['/api/admin/keys']['get']['responses'][200]['content']['application/json'];
type Key = Keys['keys'][number];

interface Setting {
  name: string;
  value: string;
}

const SETTINGS: readonly Column<Setting>[] = [
  {
    id: 'name',
    title: 'Setting',
    cell: ({ name }) => <code>{name}</code>,
    sortBy: ({ name }) => name,
  },
  { id: 'value', title: 'Value', cell: ({ value }) => <span className="id">{value || '–'}</span> },
];

const KEYS: readonly Column<Key>[] = [
  { id: 'name', title: 'Name', cell: ({ name }) => name, sortBy: ({ name }) => name },
  {
    id: 'id',
    title: 'Key',
    className: 'wide-only',
    cell: ({ id }) => <span className="id">{id}</span>,
  },
  { id: 'scopes', title: 'Scopes', cell: ({ scopes }) => scopes.join(', ') },
  { id: 'state', title: 'State', cell: stateOf },
  {
    id: 'used',
    title: 'Last used',
    cell: ({ lastUsedAt }) => <Time at={lastUsedAt} />,
    sortBy: ({ lastUsedAt }) => lastUsedAt ?? '',
  },
  {
    id: 'created',
    title: 'Created',
    className: 'wide-only',
    cell: ({ createdAt }) => <Time at={createdAt} />,
    sortBy: ({ createdAt }) => createdAt,
  },
];

/** How the service runs, and who may call it: to read, because both are set where it is started. */
export function SettingsPage() {
  const mayAdmin = useMay('admin');
  return (
    <Page title="Settings">
      {mayAdmin === false ? (
        <NoPermission scope="admin" />
      ) : (
        <>
          <Service />
          <ApiKeys />
        </>
      )}
    </Page>
  );
}

function Service() {
  const service = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/admin/settings', { signal })),
  });
  if (service.isPending) return <Loading />;
  if (service.isError) {
    return <Failure error={service.error} onRetry={() => void service.refetch()} />;
  }
  const { version, nodeVersion, roles, settings } = service.data;
  const rows = Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }));
  return (
    <>
      <Panel title="This service instance">
        <Facts>
          <Fact title="Version">{version}</Fact>
          <Fact title="Node.js">{nodeVersion}</Fact>
          <Fact title="Roles">{roles.join(', ')}</Fact>
        </Facts>
      </Panel>
      <Panel title="Configuration">
        <DataTable
          label="Settings and their values"
          columns={SETTINGS}
          rows={rows}
          idOf={({ name }) => name}
        />
      </Panel>
    </>
  );
}

function ApiKeys() {
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/admin/keys', { signal })),
  });
  return (
    <Panel title="API keys">
      {keys.isPending ? (
        <Loading />
      ) : keys.isError ? (
        <Failure error={keys.error} onRetry={() => void keys.refetch()} />
      ) : keys.data.keys.length === 0 ? (
        <Empty title="No API keys">
          <p>
            Create one with <code>fastify-camunda api-key create</code>.
          </p>
        </Empty>
      ) : (
        <DataTable
          label="Keys and their scopes"
          columns={KEYS}
          rows={keys.data.keys}
          idOf={({ id }) => id}
        />
      )}
    </Panel>
  );
}

function stateOf({ valid, revokedAt, expiresAt }: Key) {
  if (valid) {
    return expiresAt === null ? (
      'valid'
    ) : (
      <>
        valid until <Time at={expiresAt} />
      </>
    );
  }
  return revokedAt === null ? 'expired' : 'revoked';
}
