import { LayoutDashboard, type LucideIcon, Workflow } from 'lucide-react';

interface Section {
  path: string;
  title: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
}

/** What the navigation lists, in its order. */
export const SECTIONS = [
  { path: '/', title: 'Overview', icon: LayoutDashboard, key: 'o' },
  { path: '/processes', title: 'Processes', icon: Workflow, key: 'p' },
] as const satisfies readonly Section[];
