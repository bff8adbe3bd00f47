import { Diagram } from '../../parts/diagram/diagram.tsx';
import { Panel } from '../../parts/page.tsx';
import { readableSpan, Span } from '../../parts/range.tsx';
import { heatOf, largestOf, MEASURES, type Measure, type MeasureName } from './measures.ts';
import type { Stats } from './stats.ts';

/** The diagram in the colours of a measure; beside it that of the range before, in the same scale. */
export function HeatMap({
  xml,
  stats,
  before,
  measureName,
  isCompared,
  chosen,
  onChoose,
}: {
  xml: string;
  stats: Stats;
  before: Stats;
  measureName: MeasureName;
  isCompared: boolean;
  chosen: string | undefined;
  onChoose: (activityId: string) => void;
}) {
  const measure: Measure = MEASURES[measureName];
  const shown = isCompared ? [before, stats] : [stats];
  const largest = Math.max(...shown.map(({ activities }) => largestOf(measure, activities)));
  return (
    <div className={isCompared ? 'heat-maps is-compared' : 'heat-maps'}>
      {shown.map((one) => {
        const title = one === before ? 'The range before' : measure.title;
        return (
          <Panel
            key={one === before ? 'before' : 'now'}
            title={title}
            actions={
              <>
                <Span from={one.from} to={one.to} />
                <Legend measure={measure} largest={largest} />
              </>
            }
          >
            <Diagram
              label={`${title}, ${readableSpan(one)}: the diagram. The table of activities has its figures.`}
              xml={xml}
              marks={heatOf(measure, one.activities, largest)}
              chosen={chosen}
              onChoose={onChoose}
            />
          </Panel>
        );
      })}
    </div>
  );
}

function Legend({ measure, largest }: { measure: Measure; largest: number }) {
  if (largest === 0) return null;
  return (
    <span className={`legend tone-${measure.tone}`}>
      {measure.readable(0)}
      {[1, 2, 3, 4, 5].map((level) => (
        <i key={level} className={`heat-${level}`} />
      ))}
      {measure.readable(largest)}
    </span>
  );
}
