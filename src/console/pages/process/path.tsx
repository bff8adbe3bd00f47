import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { bpmnQuery, Diagram } from '../../parts/diagram/diagram.tsx';
import { Panel } from '../../parts/page.tsx';
import { Empty, Failure, Loading } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { type Activity, activitiesAt, activitiesQuery, flowsOf, marksOf } from './activities.ts';

/** The diagram of a process with the path it took, and where it stands. */
export function Path({
  correlationId,
  time,
  onChoose,
}: {
  correlationId: string;
  /** Of the state that is shown; null: now. */
  time: number | null;
  /** Gets the version of the last event at the element that was clicked. */
  onChoose: (version: number) => void;
}) {
  const path = useQuery(activitiesQuery(correlationId));
  const [chosen, setChosen] = useState<string | null>(null);
  const instances = path.data?.instances ?? [];
  const instance =
    instances.find(({ processInstanceId }) => processInstanceId === chosen) ?? instances[0];
  const version = instance?.version ?? null;
  const bpmn = useQuery({
    ...bpmnQuery(instance?.processKey ?? '', version ?? 0),
    enabled: version !== null,
  });
  const activities = useMemo(
    () =>
      activitiesAt(path.data?.activities ?? [], time).filter(
        ({ processInstanceId }) => processInstanceId === instance?.processInstanceId,
      ),
    [path.data, time, instance],
  );
  const marks = useMemo(
    () => (bpmn.data ? marksOf(activities, flowsOf(bpmn.data)) : []),
    [activities, bpmn.data],
  );

  function choose(activityId: string): void {
    const attempts = activities
      .filter((activity) => activity.activityId === activityId)
      .flatMap((activity) => activity.attempts);
    const last = attempts.at(-1);
    if (last) onChoose(last.version);
  }

  return (
    <Panel
      title="Path"
      actions={
        instances.length > 1 && (
          <select
            aria-label="Process that is shown"
            value={instance?.processInstanceId}
            onChange={({ target }) => setChosen(target.value)}
          >
            {instances.map(({ processInstanceId, processKey, calledBy }) => (
              <option key={processInstanceId} value={processInstanceId}>
                {processKey}
                {calledBy && ' (called)'}
              </option>
            ))}
          </select>
        )
      }
    >
      {path.isError ? (
        <Failure error={path.error} onRetry={() => void path.refetch()} />
      ) : bpmn.isError ? (
        <Failure error={bpmn.error} onRetry={() => void bpmn.refetch()} />
      ) : bpmn.data ? (
        <Diagram
          label={`Path of ${correlationId}`}
          xml={bpmn.data}
          marks={marks}
          onChoose={choose}
        />
      ) : path.data && version === null ? (
        <Empty title="No diagram">
          <p>The process engine does not know the version of the process any more.</p>
        </Empty>
      ) : (
        <Loading lines={4} />
      )}
      <Standing activities={activities} />
    </Panel>
  );
}

/** The open activities: what the process waits for. */
function Standing({ activities }: { activities: readonly Activity[] }) {
  const open = activities.filter(
    ({ id, state }) =>
      (state === 'open' || state === 'failed') &&
      !activities.some(({ parentId }) => parentId === id),
  );
  if (open.length === 0) return null;
  return (
    <ul className="standing" aria-label="Where it stands">
      {open.map(({ id, activityId, name, type, state, startedAt, taskId, incident }) => (
        <li key={id}>
          <span className={state === 'failed' ? 'badge technical' : 'badge pending'}>
            {state === 'failed' ? 'failed at' : 'stands at'}
          </span>
          <strong>{name ?? activityId}</strong>
          <span className="muted">
            {type}, since <Time at={startedAt} />
          </span>
          {incident?.message && <span className="error-code">{incident.message}</span>}
          {taskId && (
            <Link to="/tasks/$id" params={{ id: taskId }} className="button">
              Open the task
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}
