"""The store: tables, the database behind them, and its migrations. It knows rows, not what they are for."""
