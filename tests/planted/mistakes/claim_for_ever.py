from hardened import claims, journal


def held(row, now):
    return row["holder"] is not None


claims.held = journal.held = held
