import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isConnectionLost, onConnection } from './connection.ts';
import { isTransient, ProblemError } from './problem.ts';
import { sessionQuery } from './session.ts';

const MAX_RETRIES = 2;

/** The session may have ended: asks who is signed in, and the sign-in page shows to a reader who is not. */
function onError(error: Error): void {
  if (error instanceof ProblemError && error.status === 401) {
    void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }
}

/** Everything that was read of the service. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      // The connection is watched by the calls themselves: a browser does not know whether the service is there.
      networkMode: 'always',
      retry: (failures, error) => isTransient(error) && failures < MAX_RETRIES,
      staleTime: 5_000,
    },
    mutations: { networkMode: 'always' },
  },
});

// What is shown may have changed while the service was away.
onConnection(() => {
  if (!isConnectionLost()) void queryClient.invalidateQueries();
});
