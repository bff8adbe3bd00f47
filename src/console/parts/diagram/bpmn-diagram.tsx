import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import { Maximize, Minus, Plus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Failure } from '../states.tsx';
import type { Mark } from './mark.ts';
import { createViewer, type DiagramViewer } from './viewer.ts';

export interface DiagramProps {
  /** For screen readers, who get the same facts in a table. */
  label: string;
  /** A BPMN file. */
  xml: string;
  marks?: readonly Mark[];
  /** The id of the element that has an outline. */
  chosen?: string | undefined;
  onChoose?: (activityId: string) => void;
}

/** A BPMN diagram to look at: dragged, and zoomed by its buttons or the wheel with Ctrl. */
export default function BpmnDiagram({ label, xml, marks, chosen, onChoose }: DiagramProps) {
  const element = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<DiagramViewer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const created = createViewer(target, (id) => choose.current?.(id));
    created.show(xml).then(
      (isShown) => isShown && setViewer(created),
      (reason) => setError(reason),
    );
    return () => {
      setViewer(null);
      setError(null);
      created.destroy();
    };
  }, [xml]);

  useEffect(() => viewer?.name(label), [viewer, label]);
  useEffect(() => viewer?.mark(marks ?? [], chosen), [viewer, marks, chosen]);

  if (error !== null) return <Failure error={error} />;
  return (
    <div className={onChoose ? 'diagram is-choosable' : 'diagram'}>
      <div ref={element} className="diagram-canvas" />
      <div className="diagram-zoom" role="toolbar" aria-label="Zoom of the diagram">
        <button type="button" aria-label="Zoom in" onClick={() => viewer?.zoom(1.25)}>
          <Plus />
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => viewer?.zoom(0.8)}>
          <Minus />
        </button>
        <button type="button" aria-label="Fit the diagram" onClick={() => viewer?.fit()}>
          <Maximize />
        </button>
      </div>
    </div>
  );
}
