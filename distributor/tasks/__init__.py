"""Tasks: hints to workers on many hosts that something in the store waits for them.

Only a store on PostgreSQL has a queue of them, kept by Procrastinate in the same database: a task is asked for in the
transaction that makes the work, and is there if and only if the work is. It says where to look, never what is true: leases,
fences, marks and rows of slots decide that. So a task that is lost, late, or run twice changes nothing, and what the store
holds open and nobody was asked for is asked for again (`task_worker`). For the same reason a task is never tried again by
the engine: it ends, and is deleted, whatever became of the work.

A store on SQLite is used by the processes of one host, which look by themselves.

Only this room and `storage/task_tables` know the engine.
"""
