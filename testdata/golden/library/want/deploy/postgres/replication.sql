-- Runs once, when the primary is made: who replicas connect as, and what keeps the
-- log that they have not read yet.
\getenv password REPLICATION_PASSWORD
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
