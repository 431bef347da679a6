"""Keeping the directory true: drafts and who approves them, verification by the focal point, reports of what is wrong.

`drafts` a change on its way to the public, `history` and `restoring` what an entry was, `listing` whether people are told of it,
`verification` whether it still holds, `feedback` what people report, `tasks` the schedules.
"""
