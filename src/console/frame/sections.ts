import {
  Activity,
  Archive,
  ChartLine,
  ClipboardList,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Network,
  OctagonAlert,
  ScrollText,
  Settings,
  Webhook,
  Workflow,
} from 'lucide-react';

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
  { path: '/tasks', title: 'Tasks', icon: ClipboardList, key: 't' },
  { path: '/definitions', title: 'Definitions', icon: Network, key: 'd' },
  { path: '/analytics', title: 'Analytics', icon: ChartLine, key: 'a' },
  { path: '/events', title: 'Events', icon: Activity, key: 'e' },
  { path: '/failed-jobs', title: 'Failed jobs', icon: OctagonAlert, key: 'f' },
  { path: '/callbacks', title: 'Callbacks', icon: Webhook, key: 'c' },
  { path: '/bulk', title: 'Bulk runs', icon: ListChecks, key: 'b' },
  { path: '/archive', title: 'Archive', icon: Archive, key: 'h' },
  { path: '/audit', title: 'Audit log', icon: ScrollText, key: 'l' },
  { path: '/settings', title: 'Settings', icon: Settings, key: 's' },
] as const satisfies readonly Section[];
