/** Calls pages as a browser does: it keeps cookies, names the page that sends, and follows redirects only on request. */
export interface BrowserCalls {
  /** Name and value of each cookie. */
  cookies: Map<string, string>;
  call(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects until a page answers, or the next one is at an address that begins with `until`. */
  follow(url: string, init?: RequestInit, until?: string): Promise<Response>;
}

export function createBrowserCalls(): BrowserCalls {
  const cookies = new Map<string, string>();

  async function call(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie) headers.set('cookie', cookie);
    const answer = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const line of answer.headers.getSetCookie()) keep(line);
    return answer;
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const isRemoved = attributes.some((one) =>
      /^\s*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i.test(one),
    );
    if (isRemoved || value === '') cookies.delete(name);
    else cookies.set(name, value);
  }

  return {
    cookies,
    call,
    async follow(url, init, until) {
      let answer = await call(url, init);
      let at = url;
      while (answer.status >= 300 && answer.status < 400) {
        at = new URL(answer.headers.get('location') ?? '', at).href;
        if (until !== undefined && at.startsWith(until)) break;
        answer = await call(at);
      }
      return answer;
    },
  };
}
