import asyncio

from hardened.intake import Intake
from hardened.journal import canonical


async def submit(self, task_id, arguments):
    identity = (task_id, canonical(arguments))
    if identity not in self._under_way:
        # Nobody takes it out again: all are kept, and one that has failed fails whoever asks again.
        self._under_way[identity] = asyncio.create_task(self._threads.call(self._take_in, task_id, arguments))
    await asyncio.shield(self._under_way[identity])


Intake.submit = submit
