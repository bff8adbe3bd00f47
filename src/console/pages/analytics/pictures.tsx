import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Series } from '../../charts/chart.tsx';
import { Picture } from '../../charts/picture.tsx';
import { Panel } from '../../parts/page.tsx';
import { Failure, Loading } from '../../parts/states.tsx';
import { ROUND_DURATIONS, readableCount, readableDuration } from '../../parts/time.tsx';
import { processTimesQuery, stepsQuery, throughputQuery } from './answers.ts';
import { percentileSeries, timesOf } from './over-time.ts';
import type { Question } from './search.ts';

export interface PictureProps {
  question: Question;
  /** A range was dragged over. */
  onRange: (from: number, to: number) => void;
}

/** Processes that began and ended. */
export function Throughput({ question, onRange }: PictureProps) {
  const flow = useQuery(throughputQuery(question));
  const rows = flow.data?.throughput;
  const { times, series } = useMemo(() => {
    const all = rows ?? [];
    const series: Series[] = [
      { label: 'Started', color: 'accent', values: all.map(({ started }) => started) },
      { label: 'Completed', color: 'ok', values: all.map(({ completed }) => completed) },
      { label: 'Failed', color: 'wrong', values: all.map(({ failed }) => failed) },
      { label: 'Cancelled', color: 'quiet', values: all.map(({ cancelled }) => cancelled) },
      { label: 'Retried', color: 'wait', values: all.map(({ retried }) => retried) },
    ];
    return { times: timesOf(all), series };
  }, [rows]);
  const title = 'Throughput of processes';
  if (!rows) return <Unanswered title={title} query={flow} />;
  return (
    <Picture
      title={title}
      times={times}
      series={series}
      readable={readableCount}
      timeZone={question.timeZone}
      onRange={onRange}
    />
  );
}

/** How long processes took that completed. */
export function ProcessDurations({ question, onRange }: PictureProps) {
  const { data: flow } = useQuery(throughputQuery(question));
  const times = useQuery(processTimesQuery(question));
  return (
    <Durations
      title="How long completed processes took"
      query={times}
      rows={times.data?.processes}
      buckets={flow?.throughput}
      question={question}
      onRange={onRange}
    />
  );
}

/** How long attempts at steps took that succeeded. */
export function StepDurations({ question, onRange }: PictureProps) {
  const { data: flow } = useQuery(throughputQuery(question));
  const times = useQuery(stepsQuery(question, ['status'], { isOverTime: true, status: 'ok' }));
  return (
    <Durations
      title="How long successful steps took"
      query={times}
      rows={times.data?.steps}
      buckets={flow?.throughput}
      question={question}
      onRange={onRange}
    />
  );
}

interface Row {
  start?: string | undefined;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
}

function Durations({
  title,
  query,
  rows,
  buckets,
  question,
  onRange,
}: PictureProps & {
  title: string;
  query: Unanswerable;
  rows: readonly Row[] | undefined;
  buckets: readonly { start?: string | undefined }[] | undefined;
}) {
  const { times, series } = useMemo(() => {
    const times = rows?.length === 0 ? [] : timesOf(buckets ?? [], rows ?? []);
    return { times, series: percentileSeries(times, rows ?? []) };
  }, [rows, buckets]);
  if (!rows) return <Unanswered title={title} query={query} />;
  return (
    <Picture
      title={title}
      times={times}
      series={series}
      readable={readableDuration}
      increments={ROUND_DURATIONS}
      timeZone={question.timeZone}
      onRange={onRange}
    />
  );
}

interface Unanswerable {
  isError: boolean;
  error: unknown;
  refetch(): unknown;
}

/** In place of a picture that has no figures yet, or gets none. */
export function Unanswered({ title, query }: { title: string; query: Unanswerable }) {
  return (
    <Panel title={title}>
      {query.isError ? (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loading lines={8} />
      )}
    </Panel>
  );
}
