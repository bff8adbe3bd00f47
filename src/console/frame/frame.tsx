import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { CloudOff, Menu, Search, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useConnectionLost } from '../api/connection.ts';
import { sessionQuery } from '../api/session.ts';
import { Failure, Loading } from '../parts/states.tsx';
import { Account } from './account.tsx';
import { SECTIONS } from './sections.ts';
import { Shortcuts } from './shortcuts.tsx';
import { SignIn } from './sign-in.tsx';

/** What surrounds each page. A reader who has to sign in does so at the URL they came for. */
export function Frame() {
  const session = useQuery(sessionQuery);
  if (session.data?.signedIn === false) return <SignIn loginUrl={session.data.loginUrl} />;
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Navigation />
      <div className="main">
        <header>
          <TopBar />
          <ConnectionBanner />
        </header>
        <main id="content" tabIndex={-1}>
          {session.data ? (
            <Outlet />
          ) : session.isError ? (
            <Failure error={session.error} onRetry={() => void session.refetch()} />
          ) : (
            <Loading />
          )}
        </main>
      </div>
      <Shortcuts />
    </div>
  );
}

function Navigation() {
  const [isOpen, setOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => setOpen(false), [path]);
  return (
    <nav className={isOpen ? 'side is-open' : 'side'} aria-label="Sections">
      <div className="brand">
        <Link to="/" aria-label="fastify-camunda, overview">
          <Mark />
          <span>fastify-camunda</span>
        </Link>
        <button
          type="button"
          className="icon menu"
          aria-expanded={isOpen}
          aria-controls="sections"
          aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <X /> : <Menu />}
        </button>
      </div>
      <ul id="sections">
        {SECTIONS.map(({ path, title, icon: Icon }) => (
          <li key={path}>
            <Link to={path} activeOptions={{ exact: path === '/', includeSearch: false }}>
              <Icon aria-hidden />
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Two branches of a process. */
function Mark() {
  return (
    <svg viewBox="0 0 32 32" className="mark" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <g>
        <circle cx="8" cy="16" r="3" />
        <path d="M11 16h4l3.5-5H22M15 16l3.5 5H22" />
        <circle cx="24" cy="11" r="2" />
        <circle cx="24" cy="21" r="2" />
      </g>
    </svg>
  );
}

function TopBar() {
  return (
    <div className="top">
      <FindProcess />
      <Account />
    </div>
  );
}

/** Opens a process by its correlation id. */
function FindProcess() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  return (
    <search>
      <form
        className="find"
        onSubmit={(event) => {
          event.preventDefault();
          const correlationId = text.trim();
          if (correlationId === '') return;
          setText('');
          void navigate({ to: '/processes/$correlationId', params: { correlationId } });
        }}
      >
        <Search aria-hidden />
        <input
          id="find"
          type="search"
          aria-label="Find a process by its correlation id"
          placeholder="Find a process by correlation id"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <span className="find-key">/</span>
      </form>
    </search>
  );
}

function ConnectionBanner() {
  const lost = useConnectionLost();
  return (
    <div role="status" className="banner-area">
      {lost && (
        <p className="banner">
          <CloudOff aria-hidden />
          The service does not answer. What you see may be out of date; the console continues when
          it is back.
        </p>
      )}
    </div>
  );
}
