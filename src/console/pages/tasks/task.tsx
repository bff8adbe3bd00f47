import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../../api/client.ts';
import { messageOf, ProblemError } from '../../api/problem.ts';
import { sessionQuery, useMay } from '../../api/session.ts';
import type { JsonSchema } from '../../forms/fields-of-schema.ts';
import { SchemaForm } from '../../forms/schema-form.tsx';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Json } from '../../parts/json.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { ProcessLink } from '../../parts/process-link.tsx';
import { Empty, Failure, Loading, NoPermission } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { eventsQuery } from '../process/use-process.ts';

const route = getRouteApi('/tasks/$id');

type Task = Schemas['Task'];

/** One user task: what it is, who has it, and the form that completes it. */
export function TaskPage() {
  const { id } = route.useParams();
  const mayRead = useMay('process:read');
  const task = useQuery({
    queryKey: ['task', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/tasks/{id}', { params: { path: { id } }, signal })),
    enabled: mayRead === true,
    // What somebody types is not to be lost because the answer comes again.
    refetchOnWindowFocus: false,
  });
  const title = task.data?.name ?? task.data?.activityId ?? 'Task';
  const isGone = task.error instanceof ProblemError && task.error.status === 404;
  return (
    <Page title={title} actions={task.data && <Claim task={task.data} />}>
      {mayRead === false ? (
        <NoPermission scope="process:read" />
      ) : isGone ? (
        <Empty title="This task is not open any more">
          <p>It was completed, or its process continued without it.</p>
          <Link to="/tasks">All open tasks</Link>
        </Empty>
      ) : task.isError ? (
        <Failure error={task.error} onRetry={() => void task.refetch()} />
      ) : task.data ? (
        <Details task={task.data} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

function Details({ task }: { task: Task }) {
  const mayAct = useMay('process:start');
  const { correlationId, candidateGroups, candidateUsers } = task;
  return (
    <>
      <section className="panel" aria-label="About">
        {task.description && <p className="body">{task.description}</p>}
        <Facts>
          <Fact title="Process">
            <ProcessLink correlationId={correlationId} />
          </Fact>
          <Fact title="Definition">{task.processKey}</Fact>
          <Fact title="Claimed by">{task.assignee ?? '–'}</Fact>
          <Fact title="May be claimed by">
            {[...candidateGroups, ...candidateUsers].join(', ') || 'anybody'}
          </Fact>
          <Fact title="Since">
            <Time at={task.createdAt} />
          </Fact>
          <Fact title="Due">
            <Time at={task.dueAt} />
          </Fact>
          <Fact title="Priority">{task.priority}</Fact>
        </Facts>
      </section>
      <Request correlationId={correlationId} />
      <Panel title="Complete it">
        {mayAct === false ? <NoPermission scope="process:start" /> : <Completion task={task} />}
      </Panel>
    </>
  );
}

/** With what the process was started: usually what the task is about. */
function Request({ correlationId }: { correlationId: string }) {
  const mayRead = useMay('events:read');
  const events = useQuery({ ...eventsQuery(correlationId), enabled: mayRead === true });
  const variables = events.data?.events[0]?.data.variables;
  if (!variables) return null;
  return (
    <Panel title="The request">
      <div className="body">
        <Json title="Variables of the start" value={variables} />
      </div>
    </Panel>
  );
}

function Completion({ task: { id, correlationId, variables } }: { task: Task }) {
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const completion = useMutation({
    mutationFn: (filled: Record<string, unknown>) =>
      bodyOf(
        api.POST('/api/tasks/{id}/complete', {
          params: { path: { id } },
          body: { variables: filled },
        }),
      ),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ['tasks'] });
      await navigate({ to: '/processes/$correlationId', params: { correlationId } });
    },
  });
  const error = completion.error;
  return (
    <SchemaForm
      schema={variables as JsonSchema | null}
      button="Complete"
      isSending={completion.isPending}
      errors={error instanceof ProblemError ? error.fields : []}
      onSend={(filled) => completion.mutate(filled)}
    >
      {error && (
        <p role="alert" className="error">
          {messageOf(error)}
        </p>
      )}
    </SchemaForm>
  );
}

function Claim({ task }: { task: Task }) {
  const client = useQueryClient();
  const mayAct = useMay('process:start');
  const { data: session } = useQuery(sessionQuery);
  const params = { path: { id: task.id } };
  const change = useMutation({
    mutationFn: () =>
      task.assignee === null
        ? bodyOf(api.POST('/api/tasks/{id}/claim', { params, body: {} }))
        : bodyOf(api.POST('/api/tasks/{id}/unclaim', { params })),
    onSuccess(changed) {
      client.setQueryData(['task', task.id], changed);
      void client.invalidateQueries({ queryKey: ['tasks'] });
    },
  });
  if (!mayAct) return null;
  const isOwn = task.assignee === session?.name;
  return (
    <>
      {change.isError && (
        <p role="alert" className="error">
          {messageOf(change.error)}
        </p>
      )}
      <button type="button" disabled={change.isPending} onClick={() => change.mutate()}>
        {task.assignee === null ? 'Claim' : isOwn ? 'Give back' : `Release from ${task.assignee}`}
      </button>
    </>
  );
}
