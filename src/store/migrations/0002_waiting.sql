-- The queues of the screen: of the open conversations those in which somebody waits. The same orders as the indexes over all,
-- without the rows that nobody waits in, which are most of them once a shop has been at work for a while.
CREATE INDEX conversation_waiting_by_due ON conversation (status, rank, due_at, oldest_at, id) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversation_waiting_by_shelf ON conversation (status, shelf, rank, due_at, oldest_at, id) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversation_waiting_by_parent ON conversation (status, parent, rank, due_at, oldest_at, id) WHERE waiting_since IS NOT NULL;
-- The counts of the bar come from this one alone.
CREATE INDEX conversation_waiting_counts ON conversation (status, shelf, rank, oldest_at, waiting_since) WHERE waiting_since IS NOT NULL;
-- Those that we answered last. They end where the buyer writes again.
CREATE INDEX conversation_answered ON conversation (status, rank, due_at, oldest_at, id) WHERE waiting_since IS NULL;
