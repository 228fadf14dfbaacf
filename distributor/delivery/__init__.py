"""Promise, try, write down: the ledger, what to do after a failure, and the dispatcher that works through it."""
