import { Copy } from './copy.tsx';

/** Any JSON, indented. */
export function Json({ title, value }: { title: string; value: unknown }) {
  const text = JSON.stringify(value, null, 2) ?? 'nothing';
  return (
    <figure className="json">
      <figcaption>
        {title} <Copy text={text} what={title} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
