"""How `channel_testing` tries a channel: a far end that misbehaves, the acts, what is watched, and the promises."""
