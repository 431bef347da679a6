"""The web console of caseworkers: sign in, queue, case, reply."""
