import { queryOptions } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { api, textOf } from '../../api/client.ts';
import { Loading } from '../states.tsx';
import type { DiagramProps } from './bpmn-diagram.tsx';

export type { Mark, Tone } from './mark.ts';

const BpmnDiagram = lazy(() => import('./bpmn-diagram.tsx'));

/** A BPMN diagram; what draws it is loaded when the first one is shown. */
export function Diagram(props: DiagramProps) {
  return (
    <Suspense fallback={<Loading lines={4} />}>
      <BpmnDiagram {...props} />
    </Suspense>
  );
}

/** The BPMN file of a version, which never changes. */
export const bpmnQuery = (key: string, version: number) =>
  queryOptions({
    queryKey: ['bpmn', key, version],
    queryFn: ({ signal }) =>
      textOf(
        api.GET('/api/definitions/{key}/bpmn', {
          params: { path: { key }, query: { version } },
          headers: { Accept: 'application/xml' },
          parseAs: 'text',
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
