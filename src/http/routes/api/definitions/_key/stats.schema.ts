import { z } from 'zod';
import { integer, text, time } from '../../../../schemas/fields.ts';

const ms = z.number().nullable();

export const activityStatsSchema = z
  .object({
    key: text,
    version: integer.describe('The version whose activities these are'),
    source: z
      .enum(['rollups', 'events'])
      .describe('Whether the figures come from the rollups or, for short ranges, from the events'),
    from: time,
    to: time,
    asOf: time
      .nullable()
      .describe('Events up to this time are counted; null: there are no events yet'),
    eventsBehind: integer.describe('Events that are not in the rollups yet'),
    activities: z
      .array(
        z.object({
          activityId: text.describe('Its id in the model'),
          name: text.nullable(),
          type: text.describe('The name of its element in BPMN, like `serviceTask`'),
          step: text
            .nullable()
            .describe('The step of its figures; null: it is not one, and its figures are null'),
          count: integer.nullable().describe('Attempts that ended, well or not'),
          errors: integer.nullable().describe('Attempts that failed'),
          errorRate: z.number().nullable().describe('errors / count; 0 without attempts'),
          p50Ms: ms.describe('Half took no longer than this'),
          p95Ms: ms,
          open: integer.describe(
            'Tokens of instances of this version that are there now; those that wait at a join for others are not counted',
          ),
          incidents: integer.describe('Those of them that cannot continue by themselves'),
        }),
      )
      .describe('Activities, events and gateways, in the order of the file'),
  })
  .meta({
    examples: [
      {
        key: 'onboard-user',
        version: 2,
        source: 'rollups',
        from: '2026-01-30T12:00:00.000Z',
        to: '2026-01-31T12:00:00.000Z',
        asOf: '2026-01-31T12:00:00.080Z',
        eventsBehind: 0,
        activities: [
          {
            activityId: 'run-background-check',
            name: 'Run the background check',
            type: 'serviceTask',
            step: 'run-background-check',
            count: 1284,
            errors: 4,
            errorRate: 0.003115264797507788,
            p50Ms: 12,
            p95Ms: 31,
            open: 2,
            incidents: 0,
          },
          {
            activityId: 'gateway-1',
            name: null,
            type: 'exclusiveGateway',
            step: null,
            count: null,
            errors: null,
            errorRate: null,
            p50Ms: null,
            p95Ms: null,
            open: 0,
            incidents: 0,
          },
        ],
      },
    ],
  });
