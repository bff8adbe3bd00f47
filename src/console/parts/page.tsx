import { type ReactNode, useEffect } from 'react';

/** The head of a page: its title, also of the tab, and what can be done here. */
export function Page({
  title,
  heading,
  actions,
  children,
}: {
  title: string;
  /** Left out: the title. */
  heading?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · fastify-camunda`;
  }, [title]);
  return (
    <>
      <header className="page-head">
        <h1>{heading ?? title}</h1>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** A titled part of a page. */
export function Panel({
  title,
  actions,
  children,
  className = '',
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`panel ${className}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
