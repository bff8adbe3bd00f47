-- Reading for analysts on SQL Server and Azure SQL: a role that may read the views and nothing else.
-- Run it as the owner of the database, with sqlcmd or any tool that knows GO; again after an upgrade: it changes
-- nothing that is right already. docs/sql.md says what the views hold.

IF DATABASE_PRINCIPAL_ID('fastify_camunda_analyst') IS NULL
  CREATE ROLE fastify_camunda_analyst;
GO
-- The views read the tables with the rights of their owner, who is the owner of the tables (ownership chaining).
GRANT SELECT ON v_process_timeline TO fastify_camunda_analyst;
GRANT SELECT ON v_process_durations TO fastify_camunda_analyst;
GRANT SELECT ON v_step_stats_hourly TO fastify_camunda_analyst;
GRANT SELECT ON v_error_top TO fastify_camunda_analyst;
GO
-- If your analysts need the tables as well:
-- GRANT SELECT ON event_log TO fastify_camunda_analyst;
-- GRANT SELECT ON event_log_archive TO fastify_camunda_analyst;
-- GRANT SELECT ON process_store TO fastify_camunda_analyst;
-- GRANT SELECT ON process_store_archive TO fastify_camunda_analyst;
-- GRANT SELECT ON step_rollup TO fastify_camunda_analyst;
-- GRANT SELECT ON process_rollup TO fastify_camunda_analyst;
-- GO
-- A denial stands against what a member is granted by other roles: nobody reads keys, and nobody writes.
DENY SELECT, INSERT, UPDATE, DELETE ON api_key TO fastify_camunda_analyst;
DENY SELECT, INSERT, UPDATE, DELETE ON process_key TO fastify_camunda_analyst;
DENY INSERT, UPDATE, DELETE TO fastify_camunda_analyst;
GO
-- Then, for each analyst:
-- CREATE USER [ada@example.com] FROM EXTERNAL PROVIDER; -- or: CREATE USER ada FOR LOGIN ada;
-- ALTER ROLE fastify_camunda_analyst ADD MEMBER [ada@example.com];
