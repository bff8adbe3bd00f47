import { SetupError } from '../../domain/common/index.ts';

/** The parts of DATABASE_URL. */
export interface MssqlTarget {
  server: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** `strict`: TLS around everything, as TDS 8 has it (SQL Server 2022, Azure SQL). */
  encrypt: boolean | 'strict';
  trustServerCertificate: boolean;
  /** How the connections are named in `sys.dm_exec_sessions`. */
  applicationName: string;
  /** Tries all addresses of an availability group's listener at once. */
  multiSubnetFailover: boolean;
}

/** The parameters of the URL and their values. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  encrypt: /^(true|false|strict)$/,
  trustServerCertificate: /^(true|false)$/,
  applicationName: /^[\x20-\x7e]{1,128}$/,
  multiSubnetFailover: /^(true|false)$/,
};

/**
 * Reads `mssql://user:password@host:1433/database?encrypt=false&trustServerCertificate=true`; encrypted
 * and with a certificate that is checked unless it says otherwise.
 *
 * @throws SetupError with one line that shows no part of the URL that may be the password
 */
export function readMssqlUrl(text: string): MssqlTarget {
  const problem = mssqlUrlProblem(text);
  if (problem) throw new SetupError(`DATABASE_URL: ${problem}`);
  const { hostname, port, username, password, pathname, searchParams } = new URL(text);
  const encrypt = searchParams.get('encrypt');
  return {
    // IPv6 addresses stand in brackets in a URL only.
    server: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : 1433,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    encrypt: encrypt === 'strict' ? 'strict' : encrypt !== 'false',
    trustServerCertificate: searchParams.get('trustServerCertificate') === 'true',
    applicationName: searchParams.get('applicationName') ?? 'fastify-camunda',
    multiSubnetFailover: searchParams.get('multiSubnetFailover') === 'true',
  };
}

/** What is wrong with a URL, or null. Shows nothing of it but the names of its parameters. */
export function mssqlUrlProblem(text: string): string | null {
  const form = 'mssql://user:password@host:1433/database';
  const encode =
    'write special characters in user and password as encodeURIComponent does, %23 for #, %2F for /, %3F for ?';
  if (!/^mssql:/i.test(text)) return `must begin with mssql://, in the form ${form}`;
  if (!URL.canParse(text)) return `is no URL in the form ${form}; ${encode}`;
  const { hostname, username, password, pathname, hash, searchParams } = new URL(text);
  if (!hostname) return `names no host; the form is ${form}`;
  if (!username) return `names no user; the form is ${form}, and ${encode}`;
  if (hash) return `has a # in it; ${encode}`;
  if (!/^\/[^/]+$/.test(pathname)) return `names no database; the form is ${form}, and ${encode}`;
  if (![username, password, pathname].every(canDecode))
    return `has a % in it; ${encode}, %25 for %`;
  for (const [name, value] of searchParams) {
    const allowed = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (!allowed) {
      const known = Object.keys(PARAMETERS).join(', ');
      return `has a parameter that is not known; there are ${known}`;
    }
    if (!allowed.test(value)) return `${name} must match ${allowed}`;
  }
  return null;
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
