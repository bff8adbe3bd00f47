import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import type Canvas from 'diagram-js/lib/core/Canvas';
import type ElementRegistry from 'diagram-js/lib/core/ElementRegistry';
import type Overlays from 'diagram-js/lib/features/overlays/Overlays';
import type { Mark } from './mark.ts';

const PADDING = 26;
/** At the bottom: the buttons, and the notice of bpmn.io, which nothing may cover. */
const FOOT = 40;
const HEIGHT = { min: 170, max: 620 };
/** Smaller, nobody can read it: then a part is shown, and dragged. */
const SCALE = { min: 0.6, max: 1.15 };

export interface DiagramViewer {
  /** Resolves with false when the viewer was destroyed in between. */
  show(xml: string): Promise<boolean>;
  /** For screen readers. */
  name(label: string): void;
  /** Replaces all marks. */
  mark(marks: readonly Mark[], chosen: string | undefined): void;
  zoom(factor: number): void;
  fit(): void;
  destroy(): void;
}

/** Draws BPMN with bpmn-js in the colours of the page, also after the theme changes. */
export function createViewer(target: HTMLElement, onChoose: (id: string) => void): DiagramViewer {
  const viewer = new NavigatedViewer({
    container: target,
    bpmnRenderer: {
      defaultFillColor: 'var(--surface)',
      defaultStrokeColor: 'var(--diagram-line)',
      defaultLabelColor: 'var(--text)',
    },
    // Texts are measured on a canvas, which knows no variables.
    textRenderer: {
      defaultStyle: { fontFamily: getComputedStyle(target).fontFamily, fontSize: 12 },
    },
  });
  const canvas = viewer.get<Canvas>('canvas');
  const registry = viewer.get<ElementRegistry>('elementRegistry');
  const overlays = viewer.get<Overlays>('overlays');
  const svg = target.querySelector('svg[tabindex]');
  svg?.setAttribute('role', 'group');

  viewer.on<{ element: { id: string } }>('element.click', ({ element }) => onChoose(element.id));
  const input = new AbortController();
  letPageScroll(target, input.signal);
  dragByTouch(target, canvas, input.signal);
  let isShown = false;
  let isDestroyed = false;
  let marked: [id: string, className: string][] = [];

  function fit(): void {
    const { inner } = canvas.viewbox();
    const [width, height] = [inner.width + 2 * PADDING, inner.height + 2 * PADDING];
    const room = Math.min(target.clientWidth / width, (HEIGHT.max - FOOT) / height);
    const scale = clamp(room, SCALE);
    target.style.height = `${Math.round(clamp(height * scale + FOOT, HEIGHT))}px`;
    canvas.resized();
    const seen = { width: target.clientWidth / scale, height: target.clientHeight / scale };
    canvas.viewbox({
      x: inner.x - PADDING - Math.max(0, (seen.width - width) / 2),
      y: inner.y - PADDING - Math.max(0, (seen.height - FOOT / scale - height) / 2),
      ...seen,
    });
  }

  let fittedWidth = 0;
  const watcher = new ResizeObserver(() => {
    if (!isShown || target.clientWidth === fittedWidth) return;
    fittedWidth = target.clientWidth;
    fit();
  });
  watcher.observe(target);

  function addClass(id: string, className: string): void {
    canvas.addMarker(id, className);
    marked.push([id, className]);
  }

  return {
    async show(xml) {
      await viewer.importXML(xml);
      if (isDestroyed) return false;
      isShown = true;
      fittedWidth = target.clientWidth;
      fit();
      return true;
    },
    name: (label) => svg?.setAttribute('aria-label', label),
    mark(marks, chosen) {
      // Of a diagram that has just been replaced.
      if (isDestroyed) return;
      for (const [id, className] of marked) canvas.removeMarker(id, className);
      marked = [];
      overlays.clear();
      for (const { activityId, tone, heat, badge } of marks) {
        if (!registry.get(activityId)) continue;
        if (tone) addClass(activityId, `tone-${tone}`);
        if (tone) addClass(activityId, heat ? `heat-${heat}` : 'is-outlined');
        if (badge) {
          const position = { top: -11, right: -8 };
          overlays.add(activityId, { position, html: badgeElement(badge) });
        }
      }
      if (chosen && registry.get(chosen)) addClass(chosen, 'is-chosen');
    },
    zoom(factor) {
      const middle = { x: target.clientWidth / 2, y: target.clientHeight / 2 };
      canvas.zoom(canvas.zoom() * factor, middle);
    },
    fit,
    destroy() {
      isDestroyed = true;
      watcher.disconnect();
      input.abort();
      viewer.destroy();
    },
  };
}

function badgeElement({ text, title, tone }: NonNullable<Mark['badge']>): HTMLElement {
  const element = document.createElement('span');
  element.className = `diagram-badge tone-${tone}`;
  element.textContent = text;
  element.title = title;
  return element;
}

/** The wheel scrolls the page, and zooms the diagram with Ctrl only. */
function letPageScroll(target: HTMLElement, signal: AbortSignal): void {
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  };
  target.addEventListener('wheel', onWheel, { capture: true, passive: true, signal });
}

/** bpmn-js drags with a mouse only. */
function dragByTouch(target: HTMLElement, canvas: Canvas, signal: AbortSignal): void {
  let last: { x: number; y: number } | null = null;
  target.addEventListener(
    'pointerdown',
    ({ pointerType, x, y }) => {
      last = pointerType === 'mouse' ? null : { x, y };
    },
    { signal },
  );
  target.addEventListener(
    'pointermove',
    ({ x, y }) => {
      if (!last) return;
      canvas.scroll({ dx: x - last.x, dy: y - last.y });
      last = { x, y };
    },
    { signal },
  );
  for (const end of ['pointerup', 'pointercancel'] as const) {
    target.addEventListener(
      end,
      () => {
        last = null;
      },
      { signal },
    );
  }
}

function clamp(value: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, value));
}
