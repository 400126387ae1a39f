"""The order of events of a run, from the job that is asked for to the last checkpoint: loop, guards, plan, validation.

Nothing here may print, and no arithmetic of an update may be hidden here.
"""
