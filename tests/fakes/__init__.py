"""Hand-written stand-ins for what a test must command: time, a store that fails, a spool. Never for code under test."""
