import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useMay } from '../../api/session.ts';
import { Filters, SelectFilter } from '../../parts/filters.tsx';
import { Page } from '../../parts/page.tsx';
import { RangeFilter, Span } from '../../parts/range.tsx';
import { NoPermission } from '../../parts/states.tsx';
import { readableCount, readableTime, ZONE } from '../../parts/time.tsx';
import { stepsQuery, throughputQuery } from './answers.ts';
import { GroupsOverTime, GroupTable } from './by-group.tsx';
import { GROUP_MEASURES, GROUPINGS, nameIn } from './groups.ts';
import { ProcessDurations, StepDurations, Throughput } from './pictures.tsx';
import {
  type AnalyticsSearch,
  bucketsFor,
  NO_TARGET,
  type Question,
  useQuestion,
} from './search.ts';
import { TopErrors } from './top-errors.tsx';

/** How much runs, how long it takes and what fails, in a range of time. */
export function Analytics() {
  const mayRead = useMay('events:read');
  if (mayRead === false) {
    return (
      <Page title="Analytics">
        <NoPermission scope="events:read" />
      </Page>
    );
  }
  return <Figures />;
}

function Figures() {
  const { search, set, clear, question } = useQuestion();
  const onRange = useCallback(
    (from: number, to: number) =>
      set({
        last: undefined,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      }),
    [set],
  );
  const grouping = nameIn(GROUPINGS, search.by, 'step');
  const measure = nameIn(GROUP_MEASURES, search.measure, 'p95');
  const picture = { question, onRange };
  return (
    <Page title="Analytics" actions={<Freshness question={question} />}>
      <QuestionFilters search={search} set={set} clear={clear} question={question} />
      <Throughput {...picture} />
      <div className="pictures">
        <ProcessDurations {...picture} />
        <StepDurations {...picture} />
      </div>
      <Filters label="Groups">
        <SelectFilter
          label="Group by"
          all={null}
          value={grouping}
          options={Object.entries(GROUPINGS).map(([name, { title }]) => [name, title] as const)}
          onChange={(by) => set({ by: by === 'step' ? undefined : by })}
        />
        <SelectFilter
          label="Over time"
          all={null}
          value={measure}
          options={Object.entries(GROUP_MEASURES).map(([name, { title }]) => [name, title])}
          onChange={(name) => set({ measure: name === 'p95' ? undefined : name })}
        />
      </Filters>
      <div className="pictures is-wide">
        <GroupsOverTime {...picture} grouping={grouping} measure={measure} />
        <GroupTable question={question} grouping={grouping} />
      </div>
      <TopErrors question={question} />
    </Page>
  );
}

/** How far the figures reach. */
function Freshness({ question }: { question: Question }) {
  const { data } = useQuery(throughputQuery(question));
  return (
    <>
      <Span {...question.range} />
      {data && data.eventsBehind > 0 && (
        <span className="badge pending is-plain" role="status">
          {readableCount(data.eventsBehind)} events are not counted yet
          {data.asOf && `: counted up to ${readableTime(data.asOf)}`}
        </span>
      )}
    </>
  );
}

const ZONES = [...new Set([ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];

function QuestionFilters({
  search,
  set,
  clear,
  question,
}: {
  search: AnalyticsSearch;
  set: (change: AnalyticsSearch) => void;
  clear: () => void;
  question: Question;
}) {
  const names = useNames(question);
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return (
    <Filters label="Filters">
      <RangeFilter search={search} onChange={set} />
      <SelectFilter
        label="In steps of"
        all={null}
        value={question.bucket}
        options={bucketsFor(question.range)}
        onChange={(bucket) => set({ bucket })}
      />
      <SelectFilter
        label="Time zone"
        all={null}
        value={question.timeZone}
        options={ZONES.map((zone) => [zone, zone === ZONE ? `${zone} (yours)` : zone])}
        onChange={(zone) => set({ zone: zone === ZONE ? undefined : zone })}
      />
      <SelectFilter
        label="Process"
        value={search.process}
        options={names.processes}
        onChange={(process) => set({ process, step: undefined })}
      />
      <SelectFilter
        label="Step"
        value={search.step}
        options={names.steps}
        onChange={(step) => set({ step })}
      />
      <SelectFilter
        label="Target system"
        value={search.target}
        options={names.targets}
        onChange={(target) => set({ target })}
      />
      {isFiltered && (
        <button type="button" onClick={clear}>
          Clear
        </button>
      )}
    </Filters>
  );
}

const MAX_NAMES = 1_000;

/** What can be filtered by: everything that ran in the range; the steps are those of the chosen process. */
function useNames({ range, bucket, timeZone, process }: Question) {
  const groupBy = ['process', 'step', 'targetSystem'] as const;
  const { data } = useQuery(
    stepsQuery({ range, bucket, timeZone }, [...groupBy], { limit: MAX_NAMES }),
  );
  const rows = data?.steps ?? [];
  const own = process ? rows.filter((row) => row.process === process[0]) : rows;
  return {
    processes: options(rows.map((row) => row.process)),
    steps: options(own.map(({ step }) => step)),
    targets: [
      ...options(rows.map(({ targetSystem }) => targetSystem)),
      [NO_TARGET, 'None'] as const,
    ],
  };
}

function options(names: readonly (string | null | undefined)[]): (readonly [string, string])[] {
  const given = [...new Set(names)].filter((name): name is string => Boolean(name));
  return given.sort().map((name) => [name, name] as const);
}
