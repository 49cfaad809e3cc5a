"""What other programs may do with the box: `/api/v1`, with a token instead of a session. `API.md` says how."""
