import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { paths } from '../../api/openapi';
import type { Mark } from '../../parts/diagram/diagram.tsx';

type Get = paths['/api/process/{correlationId}/activities']['get'];
export type ProcessPath = Get['responses'][200]['content']['application/json'];
export type Activity = ProcessPath['activities'][number];

/** What has happened at each activity of a process and of those that it called. */
export const activitiesQuery = (correlationId: string) =>
  queryOptions({
    queryKey: ['activities', correlationId],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/process/{correlationId}/activities', {
          params: { path: { correlationId } },
          signal,
        }),
      ),
  });

/** The activities as they were at a time (milliseconds since the epoch); null: now. */
export function activitiesAt(activities: readonly Activity[], time: number | null): Activity[] {
  if (time === null) return [...activities];
  return activities
    .filter(({ startedAt }) => Date.parse(startedAt) <= time)
    .map((activity) => {
      const attempts = activity.attempts.filter(({ at }) => Date.parse(at) <= time);
      const wasOpen = activity.endedAt !== null && Date.parse(activity.endedAt) > time;
      return wasOpen
        ? { ...activity, attempts, endedAt: null, state: 'open', incident: null }
        : { ...activity, attempts };
    });
}

const TONES = { open: 'wait', failed: 'wrong', completed: 'ok', cancelled: 'quiet' } as const;
/** When an element was entered several times, the state that matters most. */
const WEIGHT = { failed: 3, open: 2, completed: 1, cancelled: 0 } as const;

/** How a diagram shows the path: each element by its state, with the number of attempts, and the flows between. */
export function marksOf(activities: readonly Activity[], flows: readonly Flow[]): Mark[] {
  const byElement = Map.groupBy(activities, ({ activityId }) => activityId);
  const marks = [...byElement].map(([activityId, runs]) => {
    const heaviest = runs.reduce((one, next) =>
      WEIGHT[next.state] > WEIGHT[one.state] ? next : one,
    );
    const badge = badgeOf(runs);
    return { activityId, tone: TONES[heaviest.state], ...(badge ? { badge } : {}) } satisfies Mark;
  });
  return [...marks, ...takenFlows(activities, flows)];
}

function badgeOf(runs: readonly Activity[]): Mark['badge'] {
  const attempts = runs.flatMap((run) => run.attempts);
  const failures = attempts.filter(({ failure }) => failure !== null).length;
  if (failures > 0) {
    const title = `${attempts.length} attempts, of which ${failures} failed`;
    return { text: `${attempts.length}×`, title, tone: 'wrong' };
  }
  if (runs.length < 2) return undefined;
  return { text: `${runs.length}×`, title: `entered ${runs.length} times`, tone: 'quiet' };
}

/** A sequence flow of a model. */
export interface Flow {
  id: string;
  from: string;
  to: string;
}

const BPMN = 'http://www.omg.org/spec/BPMN/20100524/MODEL';

/** The sequence flows in a BPMN file. */
export function flowsOf(xml: string): Flow[] {
  const parsed = new DOMParser().parseFromString(xml, 'application/xml');
  return [...parsed.getElementsByTagNameNS(BPMN, 'sequenceFlow')].map((flow) => ({
    id: flow.getAttribute('id') ?? '',
    from: flow.getAttribute('sourceRef') ?? '',
    to: flow.getAttribute('targetRef') ?? '',
  }));
}

/** The engine does not say which flows were taken: those are, after whose source the target was entered. */
function takenFlows(activities: readonly Activity[], flows: readonly Flow[]): Mark[] {
  const left = new Map<string, number>();
  const entered = new Map<string, number>();
  for (const { activityId, state, startedAt, endedAt } of activities) {
    const start = Date.parse(startedAt);
    entered.set(activityId, Math.max(start, entered.get(activityId) ?? 0));
    if (state !== 'completed' || endedAt === null) continue;
    const end = Date.parse(endedAt);
    left.set(activityId, Math.min(end, left.get(activityId) ?? end));
  }
  return flows.flatMap(({ id, from, to }) => {
    const [end, start] = [left.get(from), entered.get(to)];
    const isTaken = end !== undefined && start !== undefined && start >= end;
    return isTaken ? [{ activityId: id, tone: 'ok' as const }] : [];
  });
}
