"""Results as words: how plans, scores and figures read, what to run next, and the one way to the terminal.

Nothing here may declare an option, compute a result, or call what a command calls.
"""
