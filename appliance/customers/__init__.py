"""The customer book: who is behind a number. Private to appliance."""
