"""When newsletters are due: schedule rules, slots, holidays. Pure."""
