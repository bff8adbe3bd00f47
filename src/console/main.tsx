import '@fontsource-variable/inter/wght.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/parts.css';
import './styles/process.css';
import './styles/pages.css';
import './styles/diagram.css';
import './styles/figures.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { applyTheme } from './frame/theme.ts';
import { router } from './router.tsx';

applyTheme();
const element = document.getElementById('console');
if (element) {
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
