import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { CheckFilter, Filters, TextFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useFilters } from '../../parts/use-filters.ts';

const route = getRouteApi('/tasks');
const REFRESH_INTERVAL_MS = 5_000;

type Task = Omit<Schemas['Task'], 'candidateUsers' | 'candidateGroups' | 'variables'>;

const COLUMNS: readonly Column<Task>[] = [
  {
    id: 'name',
    title: 'Task',
    cell: ({ id, name, activityId }) => (
      <Link to="/tasks/$id" params={{ id }}>
        {name ?? activityId}
      </Link>
    ),
  },
  {
    id: 'correlationId',
    title: 'Process',
    cell: ({ correlationId }) => <ProcessLink correlationId={correlationId} />,
  },
  {
    id: 'definition',
    title: 'Definition',
    className: 'wide-only',
    cell: ({ processKey }) => processKey,
  },
  {
    id: 'assignee',
    title: 'Claimed by',
    cell: ({ assignee }) => assignee ?? <span className="none">–</span>,
  },
  { id: 'due', title: 'Due', cell: (task) => <Due {...task} /> },
  {
    id: 'priority',
    title: 'Priority',
    className: 'number wide-only',
    cell: ({ priority }) => priority,
  },
  {
    id: 'created',
    title: 'Since',
    className: 'wide-only',
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
];

/** The open user tasks, oldest first. */
export function Tasks() {
  const mayRead = useMay('process:read');
  const search = route.useSearch();
  const { set } = useFilters<keyof typeof search>();
  return (
    <Page title="Tasks">
      <Filters label="Filters">
        <TextFilter
          label="Process"
          value={search.process}
          onChange={(process) => set({ process })}
        />
        <TextFilter
          label="Claimed by"
          value={search.assignee}
          onChange={(assignee) => set({ assignee, unassigned: undefined })}
        />
        <TextFilter
          label="Group that may claim"
          value={search.candidateGroup}
          onChange={(candidateGroup) => set({ candidateGroup })}
        />
        <CheckFilter
          label="Not claimed yet"
          checked={search.unassigned === 'true'}
          onChange={(isOn) => set({ unassigned: isOn ? 'true' : undefined, assignee: undefined })}
        />
      </Filters>
      <div className="panel">
        {mayRead === false ? <NoPermission scope="process:read" /> : <List filter={search} />}
      </div>
    </Page>
  );
}

function List({ filter }: { filter: ReturnType<typeof route.useSearch> }) {
  const tasks = useInfiniteQuery({
    queryKey: ['tasks', filter],
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = {
        ...filter,
        unassigned: filter.unassigned === 'true' ? 'true' : 'false',
      } as const;
      return bodyOf(api.GET('/api/tasks', { params: { query: { ...query, cursor } }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: REFRESH_INTERVAL_MS,
  });
  if (tasks.isPending) return <Loading />;
  if (tasks.isError) return <Failure error={tasks.error} onRetry={() => void tasks.refetch()} />;
  const rows = tasks.data.pages.flatMap((page) => page.tasks);
  if (rows.length === 0) {
    return (
      <Empty title="No task waits for anybody">
        <p>Tasks of your processes appear here when a process comes to one.</p>
      </Empty>
    );
  }
  return (
    <>
      <DataTable label="Tasks" columns={COLUMNS} rows={rows} idOf={({ id }) => id} />
      {tasks.hasNextPage && (
        <div className="list-foot">
          <button type="button" onClick={() => void tasks.fetchNextPage()}>
            More
          </button>
        </div>
      )}
    </>
  );
}

function Due({ dueAt }: Pick<Task, 'dueAt'>) {
  const isLate = dueAt !== null && Date.parse(dueAt) < Date.now();
  return (
    <>
      <Time at={dueAt} />
      {isLate && <span className="badge technical late">late</span>}
    </>
  );
}
